import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.kafka.common.utils.Exit;

/** Kafka's command line tools, one after the other in one Java process: a start of its own would cost each a second or two.
 *  A line of the input is a main class and its arguments, with tabs between them; what the tool prints comes back, and a line of U+0001
 *  and its exit code. */
public class Tools {
    static class Exited extends RuntimeException {
        final int code;
        Exited(int code) { this.code = code; }
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream out = System.out;
        Exit.setExitProcedure((code, message) -> { throw new Exited(code); });
        Exit.setHaltProcedure((code, message) -> { throw new Exited(code); });
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split("\t");
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            PrintStream to = new PrintStream(said, true, StandardCharsets.UTF_8);
            System.setOut(to);
            System.setErr(to);
            int code = run(words, to);
            to.flush();
            out.print(said.toString(StandardCharsets.UTF_8));
            out.println("\n\u0001" + code);
            out.flush();
        }
    }

    private static int run(String[] words, PrintStream to) {
        int[] code = {0};
        Thread thread = new Thread(() -> {
            try {
                String[] args = Arrays.copyOfRange(words, 1, words.length);
                Class.forName(words[0]).getMethod("main", String[].class).invoke(null, (Object) args);
            } catch (java.lang.reflect.InvocationTargetException wrapped) {
                code[0] = wrapped.getCause() instanceof Exited exited ? exited.code : failed(wrapped.getCause(), to);
            } catch (ReflectiveOperationException missing) {
                code[0] = failed(missing, to);
            }
        });
        thread.start();
        try {
            thread.join(60_000);
        } catch (InterruptedException interrupted) {
            return failed(interrupted, to);
        }
        if (thread.isAlive()) {
            to.println("the tool does not end");
            return 124;
        }
        return code[0];
    }

    private static int failed(Throwable why, PrintStream to) {
        to.println(why);
        return 1;
    }
}
