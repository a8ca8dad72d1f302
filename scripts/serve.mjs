// A static server for dist/, for this machine only: node scripts/serve.mjs dist --port 8080
// The page tests use it as a module: serve(folder, { port: 0, headers }) gives { url, close }.
import { createServer } from "node:http";
import { createReadStream, statSync } from "node:fs";
import { extname, join, normalize, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";

const TYPES = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8", ".wasm": "application/wasm", ".svg": "image/svg+xml", ".png": "image/png",
  ".json": "application/json", ".ts": "text/plain; charset=utf-8", ".tide": "text/plain; charset=utf-8", ".txt": "text/plain; charset=utf-8",
};

export function serve(folder, { port = 0, host = "127.0.0.1", headers = {}, prefix = "/" } = {}) {
  const root = resolve(folder);
  const server = createServer((request, response) => {
    const fail = (code, what) => response.writeHead(code, { "content-type": "text/plain" }).end(`${code} ${what}\n`);
    if (request.method !== "GET" && request.method !== "HEAD") return fail(405, "only GET and HEAD");
    let path;
    try {
      path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    } catch {
      return fail(400, "bad path");
    }
    if (path.includes("\0")) return fail(400, "bad path");
    if (!path.startsWith(prefix)) return fail(404, "not found");
    let file = join(root, normalize("/" + path.slice(prefix.length)));
    if (file !== root && !file.startsWith(root + sep)) return fail(404, "not found");
    let stat = statSync(file, { throwIfNoEntry: false });
    if (stat?.isDirectory()) {
      if (!path.endsWith("/")) return response.writeHead(301, { location: path + "/" }).end();
      file = join(file, "index.html");
      stat = statSync(file, { throwIfNoEntry: false });
    }
    if (!stat?.isFile()) return fail(404, "not found");
    response.writeHead(200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "content-length": stat.size,
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
      ...headers,
    });
    if (request.method === "HEAD") return response.end();
    createReadStream(file).on("error", () => response.destroy()).pipe(response);
  });
  return new Promise((done, failed) => {
    server.once("error", failed);
    server.listen(port, host, () => {
      const url = `http://${host}:${server.address().port}${prefix}`;
      done({ url, close: () => new Promise((closed) => { server.close(closed); server.closeAllConnections(); }) });
    });
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  const folder = process.argv[2] ?? "dist";
  const flag = process.argv.indexOf("--port");
  const port = flag < 0 ? 8080 : Number(process.argv[flag + 1]);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    console.error("serve: --port takes a number from 0 to 65535");
    process.exit(2);
  }
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    console.error(`serve: no folder ${folder}; run make dist first`);
    process.exit(1);
  }
  try {
    const { url } = await serve(folder, { port });
    console.log(`Tidepool is at ${url}  (Ctrl-C stops it)`);
  } catch (error) {
    console.error(error.code === "EADDRINUSE" ? `serve: port ${port} is taken; choose another: make serve PORT=8081` : `serve: ${error.message}`);
    process.exit(1);
  }
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));
}
