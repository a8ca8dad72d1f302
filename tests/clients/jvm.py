"""Apache Kafka's own clients and command line tools, from Maven Central: what they say of `tidepool broker` is what they said of a Kafka 4.1.1.

What they said stands in tests/vectors/tools_kafka_4.1.1.txt. A Kafka that runs is asked anew by

    python tests/clients/jvm.py 127.0.0.1:9092 >tests/vectors/tools_kafka_4.1.1.txt

It has to be fresh, with the configs below. Without Maven, a JDK or the way to Maven Central the case is skipped, and says so.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, "..", "vectors", "tools_kafka_4.1.1.txt")
CONFIG = ["offsets.topic.num.partitions=2", "transaction.state.log.num.partitions=2", "group.initial.rebalance.delay.ms=0"]
JAVA = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx200m"]
DOWNLOAD_SECONDS = 300


class Skipped(Exception):
    """What the case needs is not there."""


def class_path():
    """Of the libraries, which are downloaded once, and of the two programs here."""
    missing = [program for program in ("mvn", "javac", "java") if not shutil.which(program)]
    if missing:
        raise Skipped(f"there is no {' and no '.join(missing)}")
    cache = os.path.join(os.environ.get("TIDEPOOL_CACHE") or os.path.expanduser("~/.cache/tidepool"), "kafka-4.1.1")
    sources = [os.path.join(HERE, "java", name) for name in ("pom.xml", "Tools.java", "Clients.java")]
    texts = b"".join(open(name, "rb").read() for name in sources)
    libraries = os.path.join(cache, "lib")
    classes = os.path.join(cache, "classes-" + hashlib.sha256(texts).hexdigest()[:16])
    if not os.path.exists(os.path.join(cache, "complete")):
        maven = ["mvn", "-q", "-B", "-f", sources[0], "dependency:copy-dependencies", f"-DoutputDirectory={libraries}"]
        try:
            done = subprocess.run(maven, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS)
        except subprocess.TimeoutExpired:
            raise Skipped(f"Maven Central did not give Kafka's libraries within {DOWNLOAD_SECONDS} s") from None
        if done.returncode != 0:
            raise Skipped("Maven Central gives no libraries: " + (done.stdout + done.stderr).strip()[:300])
        open(os.path.join(cache, "complete"), "w").close()
    if not os.path.isdir(classes):
        made = tempfile.mkdtemp(dir=cache)
        subprocess.run(["javac", "-cp", os.path.join(libraries, "*"), "-d", made, *sources[1:]], check=True, capture_output=True)
        os.rename(made, classes)
    return os.path.join(libraries, "*") + os.pathsep + classes


class Program:
    """`Clients` with its arguments; what it says, line by line."""

    def __init__(self, path, *args):
        self.lines = []
        self.child = subprocess.Popen(["java", *JAVA, "-cp", path, "Clients", *args], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.child.stdout:
            self.lines.append(line.rstrip())

    def until(self, said, seconds=90):
        """Waits for a line that begins so."""
        end = time.monotonic() + seconds
        while not any(line.startswith(said) for line in list(self.lines)):
            if time.monotonic() > end or self.child.poll() is not None and not self.reader.is_alive():
                raise RuntimeError(f"it never said {said!r}, but {self.lines[-20:]}")
            time.sleep(0.05)

    def kill(self):
        self.child.kill()
        self.child.wait()


class Script:
    """One run of all of it against a broker; `text` is what was said, without what differs from run to run."""

    def __init__(self, path, address):
        self.path, self.address = path, address
        self.text = []
        self.programs = []
        self.tools = subprocess.Popen(["java", *JAVA, "-cp", path, "Tools"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, text=True)

    def close(self):
        for program in self.programs:
            program.kill()
        self.tools.kill()
        self.tools.wait()

    def program(self, *args):
        program = Program(self.path, args[0], self.address, *args[1:])
        self.programs.append(program)
        return program

    def client(self, *args):
        """A program to its end."""
        program = self.program(*args)
        program.until("DONE")
        program.reader.join(10)
        self.say("# " + " ".join(args), sorted(program.lines))

    def tool(self, kind, *args):
        name = TOOLS[kind]
        self.tools.stdin.write("\t".join([name, "--bootstrap-server", self.address, *args]) + "\n")
        self.tools.stdin.flush()
        lines = []
        for line in self.tools.stdout:
            if line.startswith("\x01"):
                self.say(f"$ {kind} {' '.join(args)} -> {line.strip()[1:]}", lines)
                return lines
            lines.append(line.rstrip("\n"))
        raise RuntimeError("the tools' process has ended")

    def say(self, what, lines):
        kept = [norm(line) for line in lines]
        self.text += [norm(what), *(line for line in kept if line and not NOISE.match(line)), ""]


TOOLS = {
    "acls": "org.apache.kafka.tools.AclCommand",
    "topics": "org.apache.kafka.tools.TopicCommand",
    "groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "transactions": "org.apache.kafka.tools.TransactionsCommand",
    "configs": "kafka.admin.ConfigCommand",
    "features": "org.apache.kafka.tools.FeatureCommand",
    "offsets": "org.apache.kafka.tools.GetOffsetShell",
}
# Stack traces, and how a tool takes it that its end does not end the process; features that only one of the two has.
NOISE = re.compile(r"null$|Tools\$Exited|at |Caused by|\.\.\. \d|Feature: (kraft|metadata|share|eligible|transaction)")


def norm(line):
    for pattern, by in (
        (r"[ \t]+", " "),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[A-Za-z0-9_-]{22}(?= /127)", "ID"),
        (r"([a-z] \d+) 1[789]\d{11} \d+", r"\1 TIME TOOK"), (r"\b1[789]\d{11}\b", "TIME"), (r"20\d\d-\d\d-\d\dT[\d:.]+Z?", "DATE"),
        (r"\[20\d\d-\d\d-\d\d [\d:,]+\]", "DATE"), (r"(127\.0\.0\.1|localhost):\d+", "BROKER"), (r"\S*reset[^ ]*\.csv", "FILE"),
        (r"Epoch: \d+", "Epoch"),
    ):
        line = re.sub(pattern, by, line)
    return line.strip()


def run(script, folder):
    """Everything that is asked. Ids of producers and epochs are what they are in a fresh broker."""
    topics, groups, transactions, configs, features = (
        lambda *args, kind=kind: script.tool(kind, *args) for kind in ("topics", "groups", "transactions", "configs", "features"))
    for topic, partitions in (("orders", 3), ("copies", 3), ("lone", 1)):
        topics("--create", "--topic", topic, "--partitions", str(partitions))
    script.client("transactions")
    script.client("copy")
    script.client("consume", "classic", "orders", "30")
    script.client("consume", "modern", "orders", "21", "group.protocol=consumer", "isolation.level=read_committed")
    for args in ([], ["--state"], ["--type"], ["--state", "Empty"], ["--type", "consumer"], ["--type", "nonsense"],
                 ["--state", "Empty", "--type", "classic"]):
        groups("--list", *args)
    described = ([], ["--members"], ["--members", "--verbose"], ["--state"], ["--state", "--verbose"], ["--offsets", "--verbose"])
    for group in ("classic", "modern", "none"):
        for args in described:
            groups("--describe", "--group", group, *args)
    groups("--describe", "--all-groups", "--state")
    live_groups(script, groups, described)
    resets(groups, folder)
    hanging(script, transactions)
    group_configs(configs)
    for args in (["upgrade", "--feature", "group.version=1"], ["downgrade", "--feature", "group.version=0"],
                 ["disable", "--feature", "group.version"], ["upgrade", "--feature", "group.version=2"], ["upgrade", "--feature", "nonsense=1"]):
        features(*args, "--dry-run")
    features("describe")
    script.client("consume", "after", "copies", "20")
    topics("--delete", "--topic", "copies")
    time.sleep(1)
    groups("--describe", "--group", "after")
    topics("--create", "--topic", "aged", "--partitions", "1")
    script.client("durations")
    script.client("offsets")
    access_control(script)


def access_control(script):
    """Without an authorizer there are no rules, and none can be set."""
    rule = ["--allow-principal", "User:bob", "--operation", "Read", "--topic", "orders"]
    for args in (["--list"], ["--list", "--topic", "orders"], ["--add", *rule], ["--remove", *rule, "--force"]):
        script.tool("acls", *args)


def live_groups(script, groups, described):
    classic = script.program("consume", "live-classic", "orders", "-1", "client.id=c1", "session.timeout.ms=6000")
    modern = script.program("consume", "live-modern", "orders", "-1", "client.id=m1", "group.protocol=consumer")
    classic.until("ASSIGNED 0")
    modern.until("ASSIGNED 0")
    # Their offsets are committed every five seconds.
    time.sleep(6)
    for group in ("live-classic", "live-modern"):
        for args in described:
            groups("--describe", "--group", group, *args)
        groups("--reset-offsets", "--group", group, "--topic", "orders", "--to-earliest", "--execute")
        groups("--delete", "--group", group)
        groups("--delete-offsets", "--group", group, "--topic", "orders")
        groups("--delete-offsets", "--group", group, "--topic", "copies")
    classic.kill()
    modern.kill()


def resets(groups, folder):
    ways = (["--to-earliest"], ["--to-latest"], ["--to-offset", "3"], ["--to-offset", "3000"], ["--to-datetime", "2020-01-01T00:00:00.000"],
            ["--to-datetime", "2090-01-01T00:00:00.000"], ["--by-duration", "PT1H"], ["--by-duration", "PT0S"], ["--shift-by", "-2"],
            ["--shift-by", "5"], ["--shift-by", "-500"], ["--to-current"], ["--to-datetime", "nonsense"], ["--by-duration", "nonsense"], [])
    for way in ways:
        groups("--reset-offsets", "--group", "classic", "--topic", "orders", *way, "--execute")
        groups("--reset-offsets", "--group", "classic", "--topic", "orders:0,1", *way, "--dry-run", "--export")
    groups("--reset-offsets", "--group", "classic", "--all-topics", "--to-earliest", "--execute")
    file = os.path.join(folder, "reset.csv")
    for rows in ("orders,0,2\norders,1,1\n", "orders,0,2\nnonsense\n"):
        with open(file, "w") as out:
            out.write(rows)
        groups("--reset-offsets", "--group", "classic", "--from-file", file)
        groups("--reset-offsets", "--group", "classic", "--from-file", file, "--execute")
    groups("--describe", "--group", "classic")
    for group in ("fresh", "modern"):
        groups("--reset-offsets", "--group", group, "--topic", "orders", "--to-earliest", "--execute")
        groups("--describe", "--group", group)
    for topic in ("orders:1", "orders:1", "nosuch"):
        groups("--delete-offsets", "--group", "classic", "--topic", topic)
    groups("--delete-offsets", "--group", "none", "--topic", "orders")
    groups("--describe", "--group", "classic")
    groups("--delete", "--group", "classic", "--group", "none")
    groups("--delete", "--group", "modern")
    groups("--list")


def hanging(script, transactions):
    for name, topic in (("hung", "orders"), ("other", "lone")):
        script.program("hang", name, topic, "600000").until("OPEN")
    for args in ([], ["--duration-filter", "600000"], ["--duration-filter", "1"]):
        transactions("list", *args)
    for pattern in ("hu.*", "hung", "h", "^x", ".*", "[", "", "(?=a)", "tx.|hung", "hung|"):
        transactions("list", "--transactional-id-pattern", pattern)
    transactions("list", "--duration-filter", "1", "--transactional-id-pattern", "o.*")
    for name in ("hung", "txn", "none"):
        transactions("describe", "--transactional-id", name)
    place = ["--topic", "orders", "--partition", "0"]
    described = transactions("describe-producers", *place)
    transactions("describe-producers", *place, "--broker-id", "1")
    transactions("find-hanging", *place)
    transactions("find-hanging", "--broker-id", "1")
    transactions("find-hanging", "--broker-id", "1", "--max-transaction-timeout", "1")
    # Of the transaction that is open: id, epoch, and where it begins.
    open_one = next(row for row in (line.split() for line in described) if row and row[-1].isdigit())
    producer, epoch, start = open_one[0], open_one[1], open_one[-1]
    transactions("abort", *place, "--start-offset", "0" if start != "0" else "1")
    transactions("abort", *place, "--producer-id", producer, "--producer-epoch", "9", "--coordinator-epoch", "7")
    transactions("abort", *place, "--producer-id", producer, "--producer-epoch", epoch, "--coordinator-epoch", "-1")
    transactions("abort", *place, "--start-offset", start)
    transactions("describe-producers", *place)
    lone = ["--topic", "lone", "--partition", "0"]
    transactions("describe-producers", *lone)
    transactions("abort", *lone, "--start-offset", "0")
    transactions("describe-producers", *lone)
    transactions("describe", "--transactional-id", "other")
    script.tool("offsets", "--topic", "orders", "--time", "-1")
    transactions("forceTerminateTransaction", "--transactional-id", "hung")
    transactions("describe", "--transactional-id", "hung")


def group_configs(configs):
    one = ["--entity-type", "groups", "--entity-name", "g1"]
    configs("--describe", *one)
    configs("--alter", *one, "--add-config", "consumer.session.timeout.ms=50000,consumer.heartbeat.interval.ms=6000")
    configs("--describe", *one)
    for pair in ("consumer.session.timeout.ms=1", "consumer.session.timeout.ms=999999999", "consumer.heartbeat.interval.ms=1",
                 "consumer.heartbeat.interval.ms=999999", "consumer.heartbeat.interval.ms=x", "consumer.session.timeout.ms=44999",
                 "nonsense=1", "consumer.session.timeout.ms=45000", "consumer.heartbeat.interval.ms=15000"):
        configs("--alter", *one, "--add-config", pair)
    configs("--describe", *one, "--all")
    configs("--alter", *one, "--delete-config", "consumer.session.timeout.ms")
    configs("--describe", *one)
    configs("--alter", "--entity-type", "brokers", "--entity-name", "1", "--add-config", "group.consumer.session.timeout.ms=50000")


def said(address):
    script = Script(class_path(), address)
    folder = tempfile.mkdtemp(prefix="tidepool-tools-")
    try:
        run(script, folder)
    finally:
        script.close()
        shutil.rmtree(folder, ignore_errors=True)
    return script.text


def case_java_clients_and_tools(case):
    """Java's transactional producer, consumers of both protocols; kafka-consumer-groups, kafka-transactions, kafka-configs, kafka-features, kafka-acls"""
    import difflib
    from run import check
    class_path()
    with open(RECORDED) as file:
        recorded = file.read().splitlines()
    broker = case.broker(config=CONFIG)
    now = said(broker.address)
    differs = list(difflib.unified_diff(recorded, now, "Kafka 4.1.1", "Tidepool", n=2, lineterm=""))
    check(not differs, "\n".join(differs[:80]))
    return f"{sum(line.startswith(('$', '#')) for line in now)} commands and programs say what they said of Kafka 4.1.1"


if __name__ == "__main__":
    print("\n".join(said(sys.argv[1])))
