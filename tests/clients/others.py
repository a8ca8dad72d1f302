"""aiokafka and kafkajs: records through a group, and what their administrators ask."""

import asyncio
import json
import os
import subprocess

from run import HERE, check

COUNT = 50


def case_aiokafka(case):
    """aiokafka: topics, configs, records through a group, its offsets"""
    broker = case.broker()
    asyncio.run(asyncio.wait_for(aiokafka(broker), 60))


async def aiokafka(broker):
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    producer = AIOKafkaProducer(bootstrap_servers=broker.address, enable_idempotence=True)
    consumer = AIOKafkaConsumer("orders", bootstrap_servers=broker.address, group_id="billing", auto_offset_reset="earliest")
    await admin.start()
    try:
        await admin.create_topics([NewTopic("orders", 2, 1)])
        answer = await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, "orders", configs={"retention.ms": "7777777"})])
        check("None" in str(answer) or "''" in str(answer), f"AlterConfigs is taken: {answer}")
        told = str(await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "orders")]))
        check("7777777" in told, f"retention.ms is told: {told[:300]}")
        await producer.start()
        for n in range(COUNT):
            await producer.send_and_wait("orders", key=f"k{n}".encode(), value=f"{n}".encode())
        await consumer.start()
        seen = set()
        while len(seen) < COUNT:
            seen.add(int((await consumer.getone()).value))
        await consumer.commit()
        offsets = await admin.list_consumer_group_offsets("billing")
        check(sum(offsets[TopicPartition("orders", p)].offset for p in (0, 1)) == COUNT, f"all is committed: {offsets}")
    finally:
        for one in (consumer, producer):
            await one.stop()
        await admin.close()


def case_kafkajs(case):
    """kafkajs: topics, configs, records through a group, its offsets; what is refused says why"""
    broker = case.broker()
    done = subprocess.run(["node", os.path.join(HERE, "kafkajs.cjs"), broker.address, str(COUNT)], capture_output=True, text=True, timeout=90)
    check(done.returncode == 0, f"it ends well: {done.stdout[-1500:]}{done.stderr[-1500:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    check(told["read"] == COUNT and told["committed"] == COUNT, f"all is read and committed: {told}")
    check(told["retention"] == "7777777" and told["brokers"] == 1, f"configs and the cluster: {told}")
    check(told["twice"] == "TOPIC_ALREADY_EXISTS", f"a topic twice: {told}")
    check(told["refused"] == "Configuration is invalid", f"a value that no topic takes: {told}")
