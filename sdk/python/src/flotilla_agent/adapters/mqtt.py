"""One connection to an MQTT broker, for any number of bots. It needs the extra `flotilla-agent[hummingbot]` (paho-mqtt)."""

from __future__ import annotations

import itertools
import logging
import ssl
import threading
import typing
import uuid

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from .adapter import BotFailure


class Listener(typing.Protocol):
    """Receives the messages of one bot, on the connection's thread. It must return quickly."""

    def receive(self, topic: str, payload: bytes) -> None:
        """A message under the bot's prefix; `topic` is the rest after the prefix."""

    def interrupt(self) -> None:
        """The connection was lost: messages may be missing."""


class Broker:
    """A connection that is opened on first use and reopened after each loss.

    Its session is persistent. hummingbot publishes with quality of service 0, so a message that is published while the connection is lost
    arrives only if the broker upgrades it to the subscription's quality of service 1 (mosquitto: `upgrade_outgoing_qos true`), and then
    perhaps twice.
    """

    #: The interval of keep-alive packets, in seconds. A dead connection is noticed after one and a half times this.
    KEEPALIVE = 15
    #: The longest pause between two attempts to connect, in seconds.
    LONGEST_PAUSE = 10

    def __init__(
        self, host: str, port: int, client_id: str, *, username: str | None = None, password: str | None = None, tls: bool = False
    ) -> None:
        """`client_id` names the session: it must be the same after a restart, and no other client may use it."""
        self.address = f"{host}:{port}"
        self._host, self._port = host, port
        self._listeners: dict[str, Listener] = {}
        self._lock = threading.Lock()
        self._ready = threading.Event()
        self._failure = "no answer yet"
        self._is_started = False
        #: Distinguishes the replies to this process from those to others.
        self.process_id = uuid.uuid4().hex[:12]
        self._logger = logging.getLogger("flotilla.agent.mqtt")
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False)
        if username is not None:
            self._client.username_pw_set(username, password)
        if tls:
            self._client.tls_set_context(ssl.create_default_context())
        self._client.reconnect_delay_set(1, self.LONGEST_PAUSE)
        self._client.on_connect = self._connected
        self._client.on_connect_fail = self._connect_failed
        self._client.on_subscribe = self._subscribed
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._received

    def attach(self, prefix: str, listener: Listener) -> None:
        """Delivers the messages under `prefix/` to a listener. Attach all listeners before the first call of `check`."""
        with self._lock:
            self._listeners[prefix] = listener

    def detach(self, prefix: str) -> None:
        """Ends the delivery, and disconnects after the last listener."""
        with self._lock:
            self._listeners.pop(prefix, None)
            is_last = not self._listeners and self._is_started
            if is_last:
                self._is_started = False
        if is_last:
            self._client.disconnect()
            self._client.loop_stop()

    def check(self, patience: float) -> None:
        """Connects, and waits until the connection receives messages; raises BotFailure."""
        with self._lock:
            if not self._is_started and self._listeners:
                self._is_started = True
                # A broker that is not there yet is tried again.
                self._client.connect_async(self._host, self._port, keepalive=self.KEEPALIVE)
                self._client.loop_start()
        if not self._ready.wait(patience):
            raise BotFailure(f"MQTT_UNAVAILABLE: no connection to the MQTT broker {self.address}: {self._failure}")

    def publish(self, topic: str, text: str) -> None:
        """Publishes a message; raises BotFailure if there is no connection."""
        self.check(0)
        result = self._client.publish(topic, text, qos=1)
        if result.rc != mqtt.MQTT_ERR_SUCCESS:
            raise BotFailure(f"MQTT_UNAVAILABLE: the MQTT broker {self.address} did not take a message: {mqtt.error_string(result.rc)}")

    # The connection's thread

    def _connected(self, client: mqtt.Client, _data: object, _flags: object, reason: typing.Any, _properties: object) -> None:
        if reason.is_failure:
            self._failure = str(reason)
            self._logger.error("the MQTT broker %s refused the connection: %s", self.address, reason)
            return
        with self._lock:
            topics = [(f"{prefix}/#", 1) for prefix in self._listeners]
        client.subscribe(topics)

    def _connect_failed(self, _client: mqtt.Client, _data: object) -> None:
        self._failure = "it does not accept connections"

    def _subscribed(self, _client: mqtt.Client, _data: object, _id: int, reasons: list[typing.Any], _properties: object) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            self._failure = f"it refused a subscription: {refused[0]}"
            self._logger.error("the MQTT broker %s refused a subscription: %s", self.address, refused[0])
        else:
            self._ready.set()

    def _disconnected(self, _client: mqtt.Client, _data: object, _flags: object, reason: typing.Any, _properties: object) -> None:
        self._ready.clear()
        self._failure = str(reason)
        with self._lock:
            listeners = list(self._listeners.values())
        for listener in listeners:
            listener.interrupt()

    def _received(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        topic = message.topic
        for end in _slashes(topic):
            with self._lock:
                listener = self._listeners.get(topic[:end])
            if listener is not None:
                try:
                    listener.receive(topic[end + 1 :], bytes(message.payload))
                except Exception:
                    self._logger.exception("a message on %s was not understood", topic)
                return


def _slashes(topic: str) -> typing.Iterator[int]:
    return (index for index, character in enumerate(topic) if character == "/")


class Calls:
    """The calls to one bot that wait for their answers."""

    def __init__(self, broker: Broker, prefix: str) -> None:
        self._broker = broker
        self._prefix = prefix
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._waiting: dict[str, tuple[threading.Event, list[bytes]]] = {}

    def call(self, name: str, text: typing.Callable[[str], str], patience: float) -> bytes | None:
        """Publishes `text(REPLY_TOPIC)` on the topic `name`, and returns the answer; None if none arrived in `patience` seconds.

        Raises BotFailure if there is no connection.
        """
        topic = f"reply/{self._broker.process_id}/{next(self._numbers)}"
        arrived, answers = threading.Event(), list[bytes]()
        with self._lock:
            self._waiting[topic] = arrived, answers
        try:
            self._broker.publish(f"{self._prefix}/{name}", text(f"{self._prefix}/{topic}"))
            arrived.wait(patience)
            return answers[0] if answers else None
        finally:
            with self._lock:
                self._waiting.pop(topic, None)

    def receive(self, topic: str, payload: bytes) -> bool:
        """Whether the message was an answer to a call."""
        with self._lock:
            waiting = self._waiting.get(topic)
        if waiting is not None:
            arrived, answers = waiting
            answers.append(payload)
            arrived.set()
        return topic.startswith("reply/")
