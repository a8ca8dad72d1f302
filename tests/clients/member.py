"""One member of a consumer group, for run.py to kill: member.py KIND ADDRESS GROUP TOPIC SESSION_MS

It prints `ASSIGNED p p …`, `REC partition offset value` and, once a commit was answered, `COMMITTED partition offset`.
"""

import sys

kind, address, group, topic, session_ms = sys.argv[1:6]
session_ms = int(session_ms)


def confluent():
    from confluent_kafka import Consumer

    consumer = Consumer({
        "bootstrap.servers": address, "group.id": group, "session.timeout.ms": session_ms, "heartbeat.interval.ms": 1000,
        "auto.offset.reset": "earliest", "enable.auto.commit": False, "partition.assignment.strategy": "range",
    })
    consumer.subscribe([topic], on_assign=lambda _, parts: print("ASSIGNED", *(p.partition for p in parts)),
                       on_revoke=lambda _, parts: print("ASSIGNED"))
    while True:
        messages = [m for m in consumer.consume(100, 0.2) if m.error() is None]
        for message in messages:
            print("REC", message.partition(), message.offset(), message.value().decode())
        if messages:
            for done in consumer.commit(asynchronous=False):
                if done.error is None and done.offset >= 0:
                    print("COMMITTED", done.partition, done.offset)


def kafka_python():
    from kafka import ConsumerRebalanceListener, KafkaConsumer
    from kafka.coordinator.assignors.range import RangePartitionAssignor

    class Listener(ConsumerRebalanceListener):
        def on_partitions_revoked(self, revoked):
            print("ASSIGNED")

        def on_partitions_assigned(self, assigned):
            print("ASSIGNED", *(p.partition for p in assigned))

    consumer = KafkaConsumer(
        bootstrap_servers=address, group_id=group, session_timeout_ms=session_ms, heartbeat_interval_ms=1000,
        auto_offset_reset="earliest", enable_auto_commit=False, partition_assignment_strategy=[RangePartitionAssignor])
    consumer.subscribe([topic], listener=Listener())
    while True:
        for messages in consumer.poll(timeout_ms=200).values():
            for message in messages:
                print("REC", message.partition, message.offset, message.value.decode())
        positions = {tp: consumer.position(tp) for tp in consumer.assignment()}
        if any(positions.values()):
            consumer.commit()
            for tp, offset in positions.items():
                print("COMMITTED", tp.partition, offset)


{"confluent": confluent, "kafka-python": kafka_python}[kind]()
