"""Transactions of confluent-kafka: commit, abort, a zombie that is fenced, offsets in a transaction, a coordinator that is killed.

librdkafka speaks the protocol before KIP-890: it adds its partitions itself, and the broker verifies them.
"""

import signal

from run import check, create_topic, free_port, until
from cluster import Cluster, create

CONFIG = ["transaction.state.log.num.partitions=5", "offsets.topic.num.partitions=5"]


def producer(address, transactional_id, **config):
    from confluent_kafka import Producer
    made = Producer({"bootstrap.servers": address, "transactional.id": transactional_id, "linger.ms": 0, **config})
    made.init_transactions(30)
    return made


def write(made, topic, values, partition=0):
    for value in values:
        made.produce(topic, value.encode(), partition=partition)
    check(made.flush(20) == 0, "all is acknowledged")


def read(address, topic, isolation, count, seconds=20):
    """The values of partition 0, once there are `count`, and none more half a second later."""
    from confluent_kafka import Consumer, TopicPartition
    consumer = Consumer({"bootstrap.servers": address, "group.id": "reader", "isolation.level": isolation, "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, 0)])
    values = []

    def more(wait):
        message = consumer.poll(wait)
        if message is not None:
            check(message.error() is None, f"{message.error()}")
            values.append(message.value().decode())
        return message is not None

    until(lambda: len(values) >= count or (more(0.2) and False), seconds, lambda: f"{count} values, got {values}")
    while more(0.5):
        pass
    consumer.close()
    return values


def case_transaction_commit_and_abort(case):
    """read_committed sees what is committed, and nothing that is open or aborted"""
    broker = case.broker(config=CONFIG)
    create_topic(broker, "t", 1)
    made = producer(broker.address, "tx")
    made.begin_transaction()
    write(made, "t", ["a", "b"])
    check(read(broker.address, "t", "read_committed", 0) == [], "nothing of the open one")
    check(read(broker.address, "t", "read_uncommitted", 2) == ["a", "b"], "all of it for who wants it")
    made.commit_transaction(30)
    check(read(broker.address, "t", "read_committed", 2) == ["a", "b"], "the committed one")
    made.begin_transaction()
    write(made, "t", ["c", "d"])
    made.abort_transaction(30)
    made.begin_transaction()
    write(made, "t", ["e"])
    made.commit_transaction(30)
    check(read(broker.address, "t", "read_committed", 3) == ["a", "b", "e"], "without the aborted one")
    check(read(broker.address, "t", "read_uncommitted", 5) == ["a", "b", "c", "d", "e"], "with it")


def case_transaction_zombie(case):
    """a second producer with the same transactional id fences the first"""
    from confluent_kafka import KafkaError, KafkaException
    broker = case.broker(config=CONFIG)
    create_topic(broker, "t", 1)
    zombie = producer(broker.address, "tx")
    zombie.begin_transaction()
    write(zombie, "t", ["z"])
    successor = producer(broker.address, "tx")
    successor.begin_transaction()
    write(successor, "t", ["a"])
    try:
        zombie.commit_transaction(30)
        check(False, "the zombie's commit fails")
    except KafkaException as error:
        code = error.args[0].code()
        check(code in (KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH), f"it is fenced: {error}")
        check(error.args[0].fatal(), f"for good: {error}")
    successor.commit_transaction(30)
    check(read(broker.address, "t", "read_committed", 1) == ["a"], "the successor's alone")


def case_transaction_offsets(case):
    """a copy that commits its offsets in its transactions ends with each record once, whatever was aborted"""
    from confluent_kafka import Consumer, TopicPartition
    broker = case.broker(config=CONFIG)
    create_topic(broker, "in", 1)
    create_topic(broker, "out", 1)
    source = producer(broker.address, "source")
    source.begin_transaction()
    write(source, "in", [str(n) for n in range(100)])
    source.commit_transaction(30)

    def consumer():
        made = Consumer({"bootstrap.servers": broker.address, "group.id": "copy", "isolation.level": "read_committed",
                         "enable.auto.commit": False, "auto.offset.reset": "earliest", "session.timeout.ms": 6000})
        made.subscribe(["in"])
        return made

    made, reader, turn = producer(broker.address, "copy"), consumer(), 0
    copied = 0
    while copied < 100:
        batch = reader.consume(10, 10)
        check(batch, f"more after {copied}")
        made.begin_transaction()
        write(made, "out", [message.value().decode() for message in batch])
        offsets = [TopicPartition("in", 0, batch[-1].offset() + 1)]
        made.send_offsets_to_transaction(offsets, reader.consumer_group_metadata(), 30)
        turn += 1
        if turn % 3 == 0:
            made.abort_transaction(30)
            reader.close()
            reader = consumer()  # goes on where the last commit left it
        else:
            made.commit_transaction(30)
            copied += len(batch)
    committed = reader.committed([TopicPartition("in", 0)], 20)[0].offset
    # The offset after the last record, at which the marker of its transaction stands.
    check(committed == 100, f"the committed offset is 100, not {committed}")
    reader.close()
    check(read(broker.address, "out", "read_committed", 100) == [str(n) for n in range(100)], "each once and in order")


def case_transaction_broker_killed(case):
    """an open transaction outlives a broker that is killed, and commits"""
    data = case.folder()
    port = free_port()
    broker = case.broker(port=port, data=data, config=CONFIG)
    create_topic(broker, "t", 1)
    made = producer(broker.address, "tx")
    made.begin_transaction()
    write(made, "t", ["a"])
    broker.kill(signal.SIGKILL)
    again = case.broker(port=port, data=data, config=CONFIG)
    write(made, "t", ["b"])
    made.commit_transaction(60)
    check(read(again.address, "t", "read_committed", 2) == ["a", "b"], "both")


def case_transaction_coordinator_killed(case):
    """of three brokers one after the other is killed while transactions go on: committed is committed, aborted is not"""
    cluster = Cluster(CONFIG)
    case.processes.append(cluster)
    create(cluster, "t", 1)
    made, expected = producer(cluster.address, "tx"), []
    for turn in range(6):
        values = [f"{turn}-{n}" for n in range(3)]
        made.begin_transaction()
        write(made, "t", values[:2])
        if turn % 2 == 0:
            cluster.tell(f"kill {turn // 2 + 1}")
        write(made, "t", values[2:])
        if turn % 3 == 2:
            made.abort_transaction(60)
        else:
            made.commit_transaction(60)
            expected += values
        if turn % 2 == 0:
            cluster.tell(f"restart {turn // 2 + 1}")
    got = read(cluster.address, "t", "read_committed", len(expected), 40)
    check(got == expected, f"{expected}, got {got}")
