"""Consumer groups with confluent-kafka and kafka-python: every assignor, static members, the consumer protocol (KIP-848), and a group that
goes from one protocol to the other and back.
"""

import sys
import threading
import time

if __name__ != "__main__":
    from run import check, create_topic, produce, until

SESSION_MS = 6000
# So that a silent member is noticed within seconds; the consumer protocol's sessions are the broker's.
MODERN = ["group.consumer.session.timeout.ms=6000", "group.consumer.min.session.timeout.ms=6000", "group.consumer.heartbeat.interval.ms=500",
          "group.consumer.min.heartbeat.interval.ms=500"]
PARTITIONS = 4


class Member:
    """A confluent-kafka consumer in a thread of its own, which says what it owns and has read."""

    def __init__(self, case, broker, group="billing", topics=("orders",), **configs):
        from confluent_kafka import Consumer
        config = {"bootstrap.servers": broker.address, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": True,
                  "auto.commit.interval.ms": 200, "topic.metadata.refresh.interval.ms": 1000}
        if configs.get("group.protocol") != "consumer":
            config |= {"session.timeout.ms": SESSION_MS, "heartbeat.interval.ms": 500}
        self.consumer = Consumer(config | configs)
        self.events, self.read, self.errors = [], [], []
        self.stopped = threading.Event()
        self.consumer.subscribe(list(topics), on_assign=lambda _, parts: self.events.append(("assigned", {p.partition for p in parts})),
                                on_revoke=lambda _, parts: self.events.append(("revoked", {p.partition for p in parts})),
                                on_lost=lambda _, parts: self.events.append(("lost", {p.partition for p in parts})))
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        case.closers.append(self.close)

    def _run(self):
        while not self.stopped.is_set():
            message = self.consumer.poll(0.1)
            if message is None:
                continue
            if message.error():
                self.errors.append(str(message.error()))
            else:
                self.read.append(int(message.value()))
        self.consumer.close()

    def owned(self):
        """By what the callbacks have said: the consumer itself is its thread's."""
        owned = set()
        for what, parts in list(self.events):
            owned = owned | parts if what == "assigned" else owned - parts
        return owned if not self.stopped.is_set() else set()

    def revoked(self):
        return [parts for what, parts in self.events if what != "assigned" and parts]

    def close(self):
        self.stopped.set()
        self.thread.join(20)

    def __str__(self):
        return f"{sorted(self.owned())} {self.events} {self.errors[-3:]}"


def shared(members, seconds=40):
    """Waits until the members own all partitions, each one of them, and as evenly as can be."""
    def done():
        owned = [member.owned() for member in members]
        sizes = [len(parts) for parts in owned]
        return set().union(*owned) == set(range(PARTITIONS)) and sum(sizes) == PARTITIONS and max(sizes) - min(sizes) <= 1
    until(done, seconds, lambda: "an even share: " + " | ".join(map(str, members)))


def feed(broker, numbers):
    produce(broker, "orders", [(f"k{n}", n) for n in numbers])


def all_read(members, numbers, seconds=30):
    seen = lambda: [n for member in members for n in member.read]
    until(lambda: set(seen()) >= set(numbers), seconds, lambda: f"missing {sorted(set(numbers) - set(seen()))[:10]}: " + " | ".join(map(str, members)))


def group_of(broker, group="billing"):
    from confluent_kafka.admin import AdminClient
    admin = AdminClient({"bootstrap.servers": broker.address})
    valid = {found.group_id: found for found in admin.list_consumer_groups(request_timeout=15).result(20).valid}
    described = admin.describe_consumer_groups([group], request_timeout=15)[group].result(20)
    return valid[group], described


def joins_and_leaves(case, **configs):
    broker = case.broker(config=MODERN)
    create_topic(broker, "orders", PARTITIONS)
    feed(broker, range(100))
    first = Member(case, broker, **configs)
    shared([first])
    second = Member(case, broker, **configs)
    shared([first, second])
    feed(broker, range(100, 200))
    all_read([first, second], range(200))
    second.close()
    shared([first])
    feed(broker, range(200, 300))
    all_read([first, second], range(300))
    return broker, first


def case_assignor_range(case):
    """confluent-kafka, range: two members share, one leaves"""
    joins_and_leaves(case, **{"partition.assignment.strategy": "range"})


def case_assignor_roundrobin(case):
    """the same with roundrobin"""
    joins_and_leaves(case, **{"partition.assignment.strategy": "roundrobin"})


def case_assignor_cooperative(case):
    """the same with cooperative-sticky: who is there gives up only what moves"""
    _, first = joins_and_leaves(case, **{"partition.assignment.strategy": "cooperative-sticky"})
    check([len(parts) for parts in first.revoked()] == [2], f"it gave up two partitions, once: {first}")


def case_consumer_protocol(case):
    """confluent-kafka with group.protocol=consumer: two members share, one leaves; the group is described"""
    broker, first = joins_and_leaves(case, **{"group.protocol": "consumer"})
    check([len(parts) for parts in first.revoked()] == [2], f"it gave up two partitions, once: {first}")
    listed, found = group_of(broker)
    check((listed.type.name, listed.state.name) == ("CONSUMER", "STABLE"), f"listed as a stable group of its type: {listed.type} {listed.state}")
    check(found.state.name == "STABLE" and len(found.members) == 1, f"one member, stable: {found.state} {found.members}")
    check({p.partition for p in found.members[0].assignment.topic_partitions} == set(range(PARTITIONS)), "it is described with all partitions")


def case_consumer_protocol_killed(case):
    """a member of the consumer protocol that falls silent is fenced, and the other gets what it had"""
    broker = case.broker(config=MODERN)
    create_topic(broker, "orders", PARTITIONS)
    kept, silent = Member(case, broker, **{"group.protocol": "consumer"}), case.start(
        sys.executable, "-u", __file__, broker.address)
    shared_by = lambda: kept.owned() and len(kept.owned()) == PARTITIONS // 2
    until(shared_by, 40, lambda: f"two of four partitions: {kept} {silent.text()[-500:]}")
    silent.kill()
    shared([kept], 30)
    feed(broker, range(50))
    all_read([kept], range(50))


def case_consumer_protocol_regex(case):
    """a subscription by regular expression, which the coordinator matches, also with a topic that is made later"""
    broker = case.broker(config=MODERN)
    create_topic(broker, "orders", PARTITIONS)
    member = Member(case, broker, topics=("^ord.*",), **{"group.protocol": "consumer"})
    shared([member])
    feed(broker, range(50))
    all_read([member], range(50))


def case_static_members(case):
    """static members are restarted one after the other without a rebalance"""
    broker = case.broker(config=MODERN)
    create_topic(broker, "orders", PARTITIONS)
    member = lambda name: Member(case, broker, **{"group.instance.id": name, "partition.assignment.strategy": "range"})
    a, b = member("a"), member("b")
    shared([a, b])
    had = a.owned()
    before = len(b.events)
    a.close()
    time.sleep(1)
    a = member("a")
    until(lambda: a.owned() == had, 20, lambda: f"what it had, {had}: {a}")
    check(len(b.events) == before, f"the other one noticed nothing: {b}")
    feed(broker, range(100))
    all_read([a, b], range(100))


def case_upgrade_and_downgrade(case):
    """a live group goes from the classic protocol to the consumer protocol and back, member by member"""
    broker = case.broker(config=MODERN)
    create_topic(broker, "orders", PARTITIONS)
    classic = {"partition.assignment.strategy": "cooperative-sticky"}
    modern = {"group.protocol": "consumer"}
    members = [Member(case, broker, **classic), Member(case, broker, **classic)]
    everybody = list(members)
    shared(members)
    sent = 0

    def step(configs):
        nonlocal sent
        old = members.pop(0)
        members.append(Member(case, broker, **configs))
        everybody.append(members[-1])
        shared([old, *members], 60)
        old.close()
        shared(members, 60)
        feed(broker, range(sent, sent + 50))
        sent += 50
        all_read(everybody, range(sent))

    for configs in (modern, modern, classic, classic):
        step(configs)
    errors = [error for member in everybody for error in member.errors]
    check(not errors, f"nobody met an error: {errors[:5]}")


def case_offsets_of_a_group(case):
    """confluent-kafka: offsets are altered, deleted and listed for many groups; not while a member is active, unless nobody reads the topic"""
    from confluent_kafka import ConsumerGroupTopicPartitions as Group, KafkaException, TopicPartition
    from confluent_kafka.admin import AdminClient
    broker = case.broker(config=MODERN)
    create_topic(broker, "orders", PARTITIONS)
    feed(broker, range(100))
    admin = AdminClient({"bootstrap.servers": broker.address})
    places = lambda offset: [TopicPartition("orders", partition, offset) for partition in range(PARTITIONS)]

    def alter(group, offset):
        altered = admin.alter_consumer_group_offsets([Group(group, places(offset))])[group]
        try:
            return [part.error.code() if part.error else 0 for part in altered.result(20).topic_partitions]
        except KafkaException as error:
            return error.args[0].name()

    def offsets(group):
        return [part.offset for part in admin.list_consumer_group_offsets([Group(group)])[group].result(20).topic_partitions]

    check(alter("simple", 7) == [0] * PARTITIONS, "a group that nobody has heard of gets offsets")
    for protocol in ({"partition.assignment.strategy": "range"}, {"group.protocol": "consumer"}):
        group = "live-" + "-".join(protocol.values())
        member = Member(case, broker, group=group, **protocol)
        shared([member])
        all_read([member], range(100))
        until(lambda: sum(offsets(group)) == 100, 10, lambda: f"all is committed: {offsets(group)}")
        said = alter(group, 0)
        check(said == [25] * PARTITIONS or said == "UNKNOWN_MEMBER_ID", f"a reset is refused while a member is active: {said}")
        check(sum(offsets(group)) == 100, "and changes nothing")
        member.close()
        until(lambda: alter(group, 3) == [0] * PARTITIONS, 20, "the last member has left")
        check(offsets(group) == [3] * PARTITIONS, f"{offsets(group)}")
    check(offsets("simple") == [7] * PARTITIONS, f"{offsets('simple')}")


def case_where_a_group_begins(case):
    """auto.offset.reset earliest, latest and none, without an offset and with one that is out of range"""
    from confluent_kafka import Consumer, KafkaError, TopicPartition
    from confluent_kafka.admin import AdminClient
    broker = case.broker(config=MODERN)
    create_topic(broker, "orders", 1)
    feed(broker, range(50))
    admin = AdminClient({"bootstrap.servers": broker.address})
    for done in admin.delete_records([TopicPartition("orders", 0, 10)]).values():
        done.result(20)

    def begins(reset, at=None):
        """The first record's value, or the error."""
        consumer = Consumer({"bootstrap.servers": broker.address, "group.id": f"{reset}-{at}", "auto.offset.reset": reset})
        case.closers.append(consumer.close)
        if at is not None:
            consumer.commit(offsets=[TopicPartition("orders", 0, at)], asynchronous=False)
        consumer.subscribe(["orders"])
        sent = False
        end = time.monotonic() + 30
        while time.monotonic() < end:
            message = consumer.poll(0.2)
            if message is None:
                # What comes after the consumer has found its place.
                if not sent and consumer.assignment() and time.monotonic() > end - 25:
                    feed(broker, [999])
                    sent = True
                continue
            consumer.close()
            return message.error().code() if message.error() else int(message.value())
        return "nothing"

    check(begins("earliest") == 10, "earliest: where the log begins")
    check(begins("earliest", 3) == 10, "the same from an offset before it")
    check(begins("earliest", 30) == 30, "a committed offset goes before it")
    check(begins("latest") == 999, "latest: what comes from now on")
    check(begins("latest", 100_000) == 999, "the same from an offset beyond the end")
    check(begins("error") == KafkaError._AUTO_OFFSET_RESET, "error, which is Java's none")
    check(begins("error", 100_000) == KafkaError._AUTO_OFFSET_RESET, "the same from an offset beyond the end")


def case_kafka_python_groups(case):
    """kafka-python: assignors, and the admin client's calls about groups and offsets"""
    from kafka import KafkaAdminClient, KafkaConsumer
    from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
    from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
    broker = case.broker(config=MODERN)
    create_topic(broker, "orders", PARTITIONS)
    feed(broker, range(100))
    for name, assignor in (("rr", RoundRobinPartitionAssignor), ("sticky", StickyPartitionAssignor)):
        consumer = KafkaConsumer("orders", bootstrap_servers=broker.address, group_id=name, session_timeout_ms=SESSION_MS,
                                 heartbeat_interval_ms=1000, auto_offset_reset="earliest", enable_auto_commit=False,
                                 partition_assignment_strategy=[assignor])
        read = []
        def polled():
            read.extend(m for messages in consumer.poll(timeout_ms=200).values() for m in messages)
            return len(read) >= 100
        until(polled, 30, lambda: f"100 records: {len(read)}")
        consumer.commit()
        consumer.close()
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    case.closers.append(admin.close)
    check({"rr", "sticky"} <= {str(group[0] if isinstance(group, tuple) else group) for group in listed(admin)}, "both groups are listed")
    offsets = admin.list_group_offsets("rr") if hasattr(admin, "list_group_offsets") else admin.list_consumer_group_offsets("rr")
    total = sum(found.offset for found in flat(offsets).values())
    check(total == 100, f"100 records are committed, all in all: {offsets}")
    deleted = admin.delete_groups(["sticky"]) if hasattr(admin, "delete_groups") else admin.delete_consumer_groups(["sticky"])
    check(deleted is not None, "the group is deleted")
    check("sticky" not in {str(group[0] if isinstance(group, tuple) else group) for group in listed(admin)}, "and not listed any more")


def listed(admin):
    groups = admin.list_groups() if hasattr(admin, "list_groups") else admin.list_consumer_groups()
    return [group.get("group_id", group.get("group")) if isinstance(group, dict) else group for group in groups]


def flat(offsets):
    """kafka-python 3 answers by group, 2 does not."""
    values = list(offsets.values())
    return values[0] if values and isinstance(values[0], dict) else offsets


if __name__ == "__main__":
    # A member to be killed.
    from confluent_kafka import Consumer
    consumer = Consumer({"bootstrap.servers": sys.argv[1], "group.id": "billing", "group.protocol": "consumer", "auto.offset.reset": "earliest"})
    consumer.subscribe(["orders"])
    while True:
        consumer.poll(0.2)
