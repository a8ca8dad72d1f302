"""Real Kafka clients against `tidepool broker`: kcat, confluent-kafka, kafka-python, aiokafka, kafkajs, and Apache Kafka's own clients and tools.

    TIDEPOOL_BIN=path/to/tidepool python tests/clients/run.py [case ...]

Each case has a broker of its own on a free port. It prints `ok NAME` or `FAILED NAME` and what was seen; the last line
counts them. TIDEPOOL_FUZZ_SECONDS is how long the port is fed random bytes (20).
"""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.environ.get("TIDEPOOL_BIN", "target/fast/tidepool")
SESSION_MS = 6000


class Failed(Exception):
    """A check of a case did not hold."""


def check(holds, what):
    if not holds:
        raise Failed(what)


def until(condition, seconds, what):
    """Waits for a condition; what it returned, once it is true."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise Failed(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.05)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Process:
    """A child whose output is read as it comes."""

    def __init__(self, argv, stdin=None):
        self.lines = []
        self.child = subprocess.Popen(
            argv, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", bufsize=1)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.child.stdout:
            self.lines.append(line.rstrip("\n"))

    def alive(self):
        return self.child.poll() is None

    def kill(self, how=signal.SIGKILL):
        """Ends it; SIGKILL unless told. Waits until it is gone and all its output is read."""
        if self.alive():
            self.child.send_signal(how)
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait(10)
        self.reader.join(5)

    def text(self):
        return "\n".join(self.lines)


class Broker(Process):
    """`tidepool broker` on a port; in a folder, when it has one."""

    def __init__(self, port=None, data=None, config=()):
        self.port = port or free_port()
        self.address = f"127.0.0.1:{self.port}"
        argv = [BIN, "broker", "--listen", self.address]
        if data:
            argv += ["--data", data]
        for pair in config:
            argv += ["--config", pair]
        super().__init__(argv)
        until(lambda: not self.alive() or any("listening on" in line for line in self.lines), 30,
              lambda: f"'listening on'; it said: {self.text()!r}")
        if not self.alive():
            raise Failed(f"the broker ended with {self.child.returncode}: {self.text()!r}")


class Case:
    """What a case started, and ends in the end."""

    def __init__(self):
        self.processes = []
        self.folders = []
        self.closers = []

    def broker(self, **options):
        # A group must not wait for members that never come in each case; what that delay does has tests of its own.
        config = ["group.initial.rebalance.delay.ms=500", "num.partitions=1", *options.pop("config", ())]
        broker = Broker(config=config, **options)
        self.processes.append(broker)
        return broker

    def start(self, *argv):
        process = Process(list(argv))
        self.processes.append(process)
        return process

    def folder(self):
        folder = tempfile.mkdtemp(prefix="tidepool-clients-")
        self.folders.append(folder)
        return folder

    def close(self):
        for closer in self.closers:
            try:
                closer()
            except Exception:
                pass
        for process in self.processes:
            process.kill()
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)


def kcat(broker, *args, stdin="", seconds=30):
    """Runs kcat to its end; its output. A nonzero exit code is a failure."""
    done = subprocess.run(["kcat", "-b", broker.address, *args], input=stdin, capture_output=True, text=True, timeout=seconds)
    check(done.returncode == 0, f"kcat {' '.join(args)}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def create_topic(broker, name, partitions):
    from confluent_kafka.admin import AdminClient, NewTopic
    admin = AdminClient({"bootstrap.servers": broker.address})
    admin.create_topics([NewTopic(name, partitions, 1)], operation_timeout=10)[name].result(15)


def produce(broker, topic, pairs):
    """Keyed records through kcat, each acknowledged (it exits with an error otherwise)."""
    kcat(broker, "-P", "-t", topic, "-K:", "-X", "acks=all", stdin="".join(f"{key}:{value}\n" for key, value in pairs))


def consume_all(broker, topic):
    """(partition, offset, key, value) of each record, in the order of the partitions."""
    out = kcat(broker, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-f", "%p %o %k %s\n")
    rows = [line.split(" ", 3) for line in out.splitlines()]
    return sorted((int(p), int(o), k, v) for p, o, k, v in rows)


# --- kcat ----------------------------------------------------------------------------------------------------------------

def case_kcat_list(case):
    """kcat -L names the broker and a created topic"""
    broker = case.broker()
    create_topic(broker, "orders", 3)
    out = kcat(broker, "-L")
    check(broker.address in out, f"the broker's address {broker.address} in {out!r}")
    check(re.search(r'topic "orders" with 3 partitions', out), f"orders with 3 partitions in {out!r}")


def case_kcat_produce_consume(case):
    """kcat -P with keys, -C -o beginning: all there once, in order for each key"""
    broker = case.broker()
    create_topic(broker, "orders", 3)
    produce(broker, "orders", [(f"k{i % 7}", f"v{i}") for i in range(700)])
    rows = consume_all(broker, "orders")
    check(sorted(int(v[1:]) for _, _, _, v in rows) == list(range(700)), f"700 records once each, got {len(rows)}")
    check(len({p for p, _, _, _ in rows}) > 1, "keys went to several partitions")
    for key in {k for _, _, k, _ in rows}:
        mine = [(p, int(v[1:])) for p, _, k, v in rows if k == key]
        check(len({p for p, _ in mine}) == 1, f"key {key} in one partition")
        check([n for _, n in mine] == sorted(n for _, n in mine), f"key {key} in order")
    for partition in {p for p, _, _, _ in rows}:
        offsets = [o for p, o, _, _ in rows if p == partition]
        check(offsets == list(range(len(offsets))), f"offsets of orders-{partition} without a hole")


def case_kcat_auto_create(case):
    """kcat -P to an unknown topic creates it"""
    broker = case.broker()
    produce(broker, "fresh", [("a", "1")])
    check([(k, v) for _, _, k, v in consume_all(broker, "fresh")] == [("a", "1")], "the record")


def case_compression(case):
    """gzip, snappy, lz4 and zstd from librdkafka come back as they were"""
    broker = case.broker()
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        lines = [f"{codec}-{i}-{'x' * 50}" for i in range(200)]
        kcat(broker, "-P", "-t", f"c-{codec}", "-z", codec, "-X", "linger.ms=100", stdin="\n".join(lines) + "\n")
        got = [v for _, _, _, v in consume_all_unkeyed(broker, f"c-{codec}")]
        check(got == lines, f"{codec}: {len(got)} of {len(lines)} records")


def consume_all_unkeyed(broker, topic):
    out = kcat(broker, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-f", "%p %o %s\n")
    rows = [line.split(" ", 2) for line in out.splitlines()]
    return sorted((int(p), int(o), "", v) for p, o, v in rows)


def group_member(case, broker, group, topic):
    return case.start("kcat", "-b", broker.address, "-G", group, topic, "-u",
                      "-X", f"session.timeout.ms={SESSION_MS}", "-X", "heartbeat.interval.ms=1000",
                      "-X", "auto.offset.reset=earliest", "-X", "auto.commit.interval.ms=500",
                      "-X", "partition.assignment.strategy=range", "-f", "REC %p %o %s\n")


def assigned(member):
    """The partitions of kcat's last rebalance line; none after a revocation."""
    for line in reversed(member.lines):
        if "rebalanced" in line:
            return set(re.findall(r"\[(\d+)\]", line.split("assigned:", 1)[1])) if "assigned:" in line else set()
    return set()


def received(member):
    return [tuple(map(int, m.groups())) for m in (re.match(r"REC (\d+) (\d+) (\d+)$", line) for line in list(member.lines)) if m]


def case_kcat_group_takeover(case):
    """kcat -G twice: partitions shared; kill -9 of one, the other owns all and misses nothing"""
    broker = case.broker()
    create_topic(broker, "orders", 4)
    first = group_member(case, broker, "billing", "orders")
    until(lambda: len(assigned(first)) == 4, 20, lambda: f"the first member owns 4 partitions: {first.text()}")
    second = group_member(case, broker, "billing", "orders")
    until(lambda: len(assigned(first)) == 2 and len(assigned(second)) == 2, 20,
          lambda: f"2 + 2 partitions: {first.text()}\n--\n{second.text()}")
    check(not assigned(first) & assigned(second), "no partition has two owners")
    produce(broker, "orders", [(f"k{i}", i) for i in range(400)])
    until(lambda: len(received(first)) + len(received(second)) >= 400, 15,
          lambda: f"400 records: {len(received(first))} + {len(received(second))}")
    check(received(first) and received(second), "both members got records")
    before = len(received(first))
    second.kill()
    killed = time.monotonic()
    produce(broker, "orders", [(f"k{i}", i) for i in range(400, 800)])
    until(lambda: len(assigned(first)) == 4, SESSION_MS / 1000 + 10, lambda: f"takeover: {first.text()[-2000:]}")
    took = time.monotonic() - killed
    check(took < SESSION_MS / 1000 + 6, f"takeover took {took:.1f} s")
    seen = lambda: {v for _, _, v in received(first)} | {v for _, _, v in received(second)}
    until(lambda: seen() >= set(range(800)), 15, lambda: f"missing {sorted(set(range(800)) - seen())[:10]}")
    check(len(received(first)) > before, "the first went on")
    return f"takeover {took:.1f} s after the kill"


# --- two client libraries in one group ---------------------------------------------------------------------------------

def python_member(case, broker, kind, group, topic):
    return case.start(sys.executable, "-u", os.path.join(HERE, "member.py"), kind, broker.address, group, topic, str(SESSION_MS))


def member_assigned(member):
    for line in reversed(member.lines):
        if line.startswith("ASSIGNED"):
            return set(line.split()[1:])
    return set()


def mixed_group(case, killed_kind, kept_kind):
    broker = case.broker()
    create_topic(broker, "orders", 4)
    killed = python_member(case, broker, killed_kind, "mixed", "orders")
    kept = python_member(case, broker, kept_kind, "mixed", "orders")
    both = (killed, kept)
    until(lambda: all(len(member_assigned(m)) == 2 for m in both), 40,
          lambda: f"2 + 2 partitions: {killed.text()}\n--\n{kept.text()}")
    check(not member_assigned(killed) & member_assigned(kept), "no partition has two owners")
    produce(broker, "orders", [(f"k{i}", i) for i in range(200)])
    until(lambda: len(received(killed)) + len(received(kept)) >= 200, 15,
          lambda: f"200 records: {len(received(killed))} + {len(received(kept))}")
    check(received(killed) and received(kept), "both members got records")
    committed = {}
    def all_committed():
        for line in list(killed.lines):
            if line.startswith("COMMITTED"):
                _, partition, offset = line.split()
                committed[int(partition)] = int(offset)
        highest = {p: o + 1 for p, o, _ in received(killed)}
        return highest and all(committed.get(p, 0) >= o for p, o in highest.items())
    until(all_committed, 10, lambda: f"the killed member's commits: {committed}")
    killed.kill()
    produce(broker, "orders", [(f"k{i}", i) for i in range(200, 400)])
    until(lambda: len(member_assigned(kept)) == 4, SESSION_MS / 1000 + 20, lambda: f"takeover: {kept.text()[-2000:]}")
    seen = lambda: {v for _, _, v in received(killed)} | {v for _, _, v in received(kept)}
    until(lambda: seen() >= set(range(400)), 15, lambda: f"missing {sorted(set(range(400)) - seen())[:10]}")
    again = [(p, o) for p, o, _ in received(kept) if o < committed.get(p, 0)]
    check(not again, f"went on before the committed offset: {again[:5]}")


def case_mixed_group_confluent_killed(case):
    """confluent-kafka and kafka-python in one group; the first is killed, the second goes on from its commits"""
    mixed_group(case, "confluent", "kafka-python")


def case_mixed_group_kafka_python_killed(case):
    """the same, kafka-python is killed"""
    mixed_group(case, "kafka-python", "confluent")


def case_admin(case):
    """confluent-kafka's admin client: topics, partitions, configs, groups"""
    from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic
    broker = case.broker()
    admin = AdminClient({"bootstrap.servers": broker.address})
    admin.create_topics([NewTopic("t", 1, 1, config={"retention.ms": "1234567"})])["t"].result(15)
    admin.create_partitions([NewPartitions("t", 3)])["t"].result(15)
    until(lambda: len(admin.list_topics("t", timeout=10).topics["t"].partitions) == 3, 10, "3 partitions")
    resource = ConfigResource(ConfigResource.Type.TOPIC, "t")
    config = admin.describe_configs([resource])[resource].result(15)
    check(config["retention.ms"].value == "1234567", f"retention.ms is {config['retention.ms'].value}")
    check(admin.describe_cluster(request_timeout=10).result(15).nodes, "describe_cluster names nodes")
    try:
        admin.create_topics([NewTopic("t", 1, 1)])["t"].result(15)
        raise Failed("a second topic of the same name was created")
    except Exception as error:
        check("TOPIC_ALREADY_EXISTS" in str(error) or "already exists" in str(error), f"the error says so: {error}")
    admin.delete_topics(["t"])["t"].result(15)
    until(lambda: "t" not in admin.list_topics(timeout=10).topics, 10, "the topic is gone")


# --- crashes --------------------------------------------------------------------------------------------------------------

def case_broker_killed(case):
    """kill -9 of the broker with --data: all that was acknowledged and committed is there again"""
    from confluent_kafka import Consumer, Producer
    data, port = case.folder(), free_port()
    broker = case.broker(data=data, port=port)
    create_topic(broker, "orders", 3)
    acknowledged = []
    producer = Producer({"bootstrap.servers": broker.address, "acks": "all", "linger.ms": 5})
    def on_delivery(error, message):
        if error is None:
            acknowledged.append((message.partition(), message.offset(), message.value().decode()))
    for i in range(5000):
        producer.produce("orders", key=f"k{i}", value=f"v{i}", on_delivery=on_delivery)
        if i % 100 == 0:
            producer.poll(0)
    until(lambda: producer.poll(0.05) is not None and len(acknowledged) >= 1000, 20, lambda: f"1000 acknowledged: {len(acknowledged)}")
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "audit", "auto.offset.reset": "earliest", "enable.auto.commit": False})
    case.closers.append(consumer.close)
    consumer.subscribe(["orders"])
    until(lambda: consumer.poll(0.2), 20, "a record for the group")
    committed = {tp.partition: tp.offset for tp in consumer.commit(asynchronous=False)}
    broker.kill()
    sure = list(acknowledged)
    del producer
    again = case.broker(data=data, port=port)
    have = {(p, o): v for p, o, _, v in consume_all(again, "orders")}
    lost = [row for row in sure if have.get(row[:2]) != row[2]]
    check(not lost, f"{len(lost)} of {len(sure)} acknowledged records are not there: {lost[:3]}; the broker said: {again.text()[-1000:]}")
    check("orders\" with 3 partitions" in kcat(again, "-L"), "the topic has its 3 partitions")
    from confluent_kafka import TopicPartition
    reader = Consumer({"bootstrap.servers": again.address, "group.id": "audit"})
    case.closers.append(reader.close)
    after = {tp.partition: tp.offset for tp in reader.committed([TopicPartition("orders", p) for p in committed], timeout=15)}
    check(after == committed, f"committed offsets were {committed}, are {after}")
    return f"{len(sure)} acknowledged, all there"


def case_torn_tail(case):
    """a .log file with a torn tail is recovered, with a line that says what was cut"""
    data, port = case.folder(), free_port()
    broker = case.broker(data=data, port=port)
    create_topic(broker, "orders", 1)
    for i in range(5):
        produce(broker, "orders", [("k", i)])
    broker.kill()
    logs = [os.path.join(d, f) for d, _, files in os.walk(data) for f in files if f.endswith(".log") and os.path.basename(d) == "orders-0"]
    check(len(logs) == 1 and os.path.basename(logs[0]) == "0" * 20 + ".log", f"Kafka's own layout: {logs}")
    size = os.path.getsize(logs[0])
    os.truncate(logs[0], size - 7)
    again = case.broker(data=data, port=port)
    values = [int(v) for _, _, _, v in consume_all(again, "orders")]
    check(values == [0, 1, 2, 3], f"the whole batches are there: {values}; the broker said: {again.text()}")
    said = [line for line in again.lines if "orders-0" in line]
    check(said, f"a line about orders-0: {again.text()!r}")
    produce(again, "orders", [("k", 99)])
    check([int(v) for _, _, _, v in consume_all(again, "orders")] == [0, 1, 2, 3, 99], "appending goes on after the cut")
    return said[0]


# --- bad input --------------------------------------------------------------------------------------------------------------

def case_random_bytes(case):
    """random bytes on the port: the broker lives, answers, and does not grow"""
    seconds = float(os.environ.get("TIDEPOOL_FUZZ_SECONDS", "20"))
    seed = int(os.environ.get("TIDEPOOL_FUZZ_SEED", "1"))
    rng = random.Random(seed)
    broker = case.broker()
    create_topic(broker, "orders", 1)
    produce(broker, "orders", [("k", "v")])
    before = resident(broker)
    end = time.monotonic() + seconds
    connections = sent = 0
    while time.monotonic() < end:
        check(broker.alive(), f"the broker ended (seed {seed}): {broker.text()[-2000:]}")
        with socket.socket() as sock:
            sock.settimeout(5)
            sock.connect(("127.0.0.1", broker.port))
            connections += 1
            sock.settimeout(0.02)
            try:
                for _ in range(rng.randrange(1, 8)):
                    frame = garbage(rng)
                    sent += sock.send(frame)
                    if rng.random() < 0.3:
                        sock.recv(4096)
            except (TimeoutError, ConnectionError):
                pass
    out = kcat(broker, "-L")
    check('topic "orders"' in out, f"it still answers (seed {seed}): {out!r}")
    check([v for _, _, _, v in consume_all(broker, "orders")] == ["v"], "the record is untouched")
    check("panicked" not in broker.text(), f"no panic: {broker.text()[-2000:]}")
    grown = resident(broker) - before
    check(grown < 64 << 20, f"memory grew by {grown >> 20} MiB")
    return f"{connections} connections, {sent >> 10} KiB in {seconds:.0f} s, memory +{grown >> 10} KiB"


def garbage(rng):
    """Noise, and things that nearly are requests: those get further in."""
    what = rng.randrange(5)
    if what == 0:
        return rng.randbytes(rng.randrange(1, 2000))
    body = rng.randbytes(rng.randrange(0, 300))
    if what == 1:     # a length that is a lie
        return rng.choice([0, 1, 7, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, len(body) * 2]).to_bytes(4, "big") + body
    if what == 2:     # an HTTP request
        return b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    key, version = rng.randrange(-1, 90), rng.randrange(-1, 20)
    head = key.to_bytes(2, "big", signed=True) + version.to_bytes(2, "big", signed=True) + rng.randbytes(4)
    if what == 3:     # a real header, then noise
        head += b"\x00\x03abc" + (b"\x00" if rng.random() < 0.5 else b"")
    frame = head + body
    return len(frame).to_bytes(4, "big") + frame


def resident(process):
    with open(f"/proc/{process.child.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main():
    sys.modules["run"] = sys.modules[__name__]
    import admin
    import cluster
    import groups
    import jvm
    import others
    import pygroups
    import transactions
    modules = (globals(), vars(admin), vars(others), vars(groups), vars(pygroups), vars(cluster), vars(transactions), vars(jvm))
    cases = {name[5:]: value for module in modules for name, value in module.items() if name.startswith("case_")}
    wanted = sys.argv[1:] or list(cases)
    unknown = [name for name in wanted if name not in cases]
    if unknown:
        print(f"no case {', '.join(unknown)}; there are: {', '.join(cases)}")
        return 2
    if not os.access(BIN, os.X_OK):
        print(f"FAILED no program at {BIN}; build it (make broker) and set TIDEPOOL_BIN")
        return 1
    passed = failed = skipped = 0
    for name in wanted:
        case, start = Case(), time.monotonic()
        try:
            note = cases[name](case)
            passed += 1
            print(f"ok     {name} ({time.monotonic() - start:.1f} s){': ' + note if note else ''}", flush=True)
        except jvm.Skipped as why:
            skipped += 1
            print(f"skipped {name}: {why}", flush=True)
        except BaseException as error:
            failed += 1
            what = str(error) if isinstance(error, Failed) else traceback.format_exc().rstrip()
            print(f"FAILED {name} ({time.monotonic() - start:.1f} s): {cases[name].__doc__}\n       " + what.replace("\n", "\n       "), flush=True)
            if isinstance(error, KeyboardInterrupt):
                raise
        finally:
            case.close()
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
