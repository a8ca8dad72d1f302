"""kafka-python's admin calls about groups and offsets: what they get from `tidepool broker` is what they got from a Kafka 4.1.1.

What they got stands in tests/vectors/kafka_python_groups_kafka_4.1.1.txt. A Kafka that runs, fresh and with group.initial.rebalance.delay.ms=0,
is asked anew by

    python tests/clients/pygroups.py 127.0.0.1:9092 >tests/vectors/kafka_python_groups_kafka_4.1.1.txt
"""

import os
import re
import sys
import threading

RECORDED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "kafka_python_groups_kafka_4.1.1.txt")
CONFIG = ["group.initial.rebalance.delay.ms=0", "offsets.topic.num.partitions=2"]
# Of the first record, in milliseconds; each later one is a second younger.
BEGUN = 1_700_000_000_000
RECORDS = 12
PARTITIONS = 3
# A poll whose time is over just when the assignment comes loses it (kafka-python 3.0.12).
POLL_MS = 1000


class Member:
    """A member of a group: on a thread of its own it reads and commits all, and stays until it is closed."""

    def __init__(self, address, group, instance):
        from kafka import KafkaConsumer
        self.stopped, self.committed = threading.Event(), threading.Event()
        self.consumer = KafkaConsumer("orders", bootstrap_servers=address, group_id=group, group_instance_id=instance, client_id=f"{group}-client",
                                      auto_offset_reset="earliest", enable_auto_commit=False, session_timeout_ms=30_000)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        read = 0
        while not self.stopped.is_set():
            read += sum(len(records) for records in self.consumer.poll(timeout_ms=POLL_MS).values())
            if read == RECORDS and not self.committed.is_set():
                self.consumer.commit()
                self.committed.set()
        self.consumer.close()

    def close(self):
        self.stopped.set()
        self.thread.join(20)


def shown(value):
    """One line, in an order that does not change, without what differs from run to run."""
    if isinstance(value, dict):
        return "{" + ", ".join(sorted(f"{shown(key)}: {shown(item)}" for key, item in value.items())) + "}"
    if isinstance(value, (list, tuple, set, frozenset)) and not hasattr(value, "_fields"):
        return "[" + ", ".join(sorted(shown(item) for item in value)) + "]"
    if type(value).__name__ == "TopicPartition":
        return f"{value.topic}-{value.partition}"
    if hasattr(value, "_fields"):
        return type(value).__name__ + "(" + ", ".join(f"{name}={shown(getattr(value, name))}" for name in value._fields) + ")"
    if isinstance(value, type):
        return value.__name__
    text = str(value) if isinstance(value, (str, int)) else repr(value)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID", text)
    return re.sub(r"x{100,}", lambda run: f"({len(run[0])} times x)", text)


class Script:
    def __init__(self, address):
        from kafka import KafkaAdminClient
        self.admin = KafkaAdminClient(bootstrap_servers=address)
        self.text = []

    def call(self, name, *args, **kwargs):
        # Before the call, which empties some of them.
        asked = [name, *(shown(arg) for arg in args), *(f"{key}={shown(value)}" for key, value in kwargs.items())]
        try:
            told = shown(getattr(self.admin, name)(*args, **kwargs))
        except Exception as error:
            told = f"{type(error).__name__}: {shown(str(error))}"
        self.text += ["$ " + " ".join(asked), told, ""]


def prepare(address, admin):
    from kafka import KafkaConsumer, KafkaProducer, TopicPartition
    from kafka.admin import NewTopic
    admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in ("orders", "copies")])
    producer = KafkaProducer(bootstrap_servers=address)
    for n in range(RECORDS):
        producer.send("orders", value=f"{n}".encode(), partition=n % PARTITIONS, timestamp_ms=BEGUN + 1000 * n).get(20)
    producer.close()
    left = KafkaConsumer("orders", bootstrap_servers=address, group_id="left", auto_offset_reset="earliest", enable_auto_commit=False)
    read = 0
    while read < RECORDS:
        read += sum(len(records) for records in left.poll(timeout_ms=POLL_MS).values())
    left.commit()
    left.close()
    return [TopicPartition("orders", n) for n in range(PARTITIONS)], TopicPartition("orders", 9), TopicPartition("copies", 0)


def run(script, address):
    from kafka.admin import MemberToRemove, OffsetSpec, OffsetTimestamp
    from kafka.structs import OffsetAndMetadata, TopicPartition
    call = script.call
    parts, gone, copies = prepare(address, script.admin)
    live = Member(address, "live", "live-1")
    if not live.committed.wait(30):
        raise RuntimeError("the member has not read all")
    for filters in ({}, {"states_filter": ["Empty"]}, {"states_filter": ["Stable"]}, {"states_filter": ["Empty", "Dead"]},
                    {"types_filter": ["classic"]}, {"types_filter": ["consumer"]}, {"states_filter": ["Stable"], "types_filter": ["classic"]}):
        call("list_groups", **filters)
    call("describe_groups", ["left", "live", "none"])
    for of in (["left", "live", "none"], {"left": parts, "none": parts[:1]}, {"left": [gone, copies]}, {"": None}):
        call("list_group_offsets", of)
    for spec in (OffsetSpec.EARLIEST, OffsetSpec.LATEST, OffsetSpec.MAX_TIMESTAMP, OffsetSpec.EARLIEST_LOCAL, OffsetSpec.LATEST_TIERED,
                 BEGUN, BEGUN + 5500, BEGUN + 1_000_000):
        call("list_partition_offsets", {part: spec for part in parts})
    call("list_partition_offsets", {gone: OffsetSpec.LATEST})

    at = lambda offset, metadata="", epoch=None: OffsetAndMetadata(offset, metadata, epoch)
    for group, offsets in (("left", {parts[0]: at(1, "mine", 0), parts[1]: at(99)}), ("left", {gone: at(1), parts[2]: at(2)}),
                           ("left", {parts[0]: at(-5)}), ("left", {parts[0]: at(2, "x" * 4097)}), ("live", {parts[0]: at(1)}),
                           ("fresh", {parts[0]: at(3), copies: at(0)}), ("", {parts[0]: at(1)})):
        call("alter_group_offsets", group, offsets)
    call("list_group_offsets", ["left", "live", "fresh"])
    for group, specs in (("left", {parts[0]: OffsetSpec.EARLIEST, parts[1]: OffsetSpec.LATEST}), ("left", {parts[0]: OffsetTimestamp(BEGUN + 4000)}),
                         ("left", {parts[2]: 3}), ("left", {parts[2]: 77}), ("live", {parts[0]: OffsetSpec.EARLIEST})):
        call("reset_group_offsets", group, specs)
    call("list_group_offsets", ["left", "live"])
    nosuch = TopicPartition("nosuch", 0)
    for group, of in (("left", [parts[0], copies]), ("left", [gone]), ("left", [nosuch, gone, copies, *parts[:1]]), ("live", parts[:1]),
                      ("live", [copies]), ("live", [gone, *parts[:1]]), ("none", parts[:1]), ("none", [gone]), ("", parts[:1]),
                      ("fresh", [copies])):
        call("delete_group_offsets", group, of)
    call("list_group_offsets", ["left", "live", "fresh", ""])

    call("delete_groups", ["live", "none", "fresh"])
    call("remove_group_members", "live", [MemberToRemove(member_id="nobody"), MemberToRemove(group_instance_id="live-9")])
    call("remove_group_members", "none", [MemberToRemove(member_id="nobody")])
    live.close()
    call("describe_groups", ["live"])
    call("remove_group_members", "live", [MemberToRemove(group_instance_id="live-1")])
    call("describe_groups", ["live"])
    call("list_groups", states_filter=["Empty"])
    call("describe_groups", [""])
    call("delete_groups", ["live", "left", ""])
    call("describe_groups", [""])
    call("list_groups")


def said(address):
    script = Script(address)
    try:
        run(script, address)
    finally:
        script.admin.close()
    return script.text


def case_kafka_python_admin(case):
    """kafka-python: groups listed, described and deleted, members removed; offsets of many groups listed, altered, reset and deleted"""
    import difflib
    from run import check
    with open(RECORDED) as file:
        recorded = file.read().splitlines()
    now = said(case.broker(config=CONFIG).address)
    differs = list(difflib.unified_diff(recorded, now, "Kafka 4.1.1", "Tidepool", n=2, lineterm=""))
    check(not differs, "\n".join(differs[:80]))
    return f"{sum(line.startswith('$') for line in now)} calls get what they got of Kafka 4.1.1"


if __name__ == "__main__":
    print("\n".join(said(sys.argv[1])))
