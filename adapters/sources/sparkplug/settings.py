"""How a Sparkplug source is configured, and where a signal is found on it."""

from datetime import timedelta
from typing import Final

from pydantic import Field, field_validator

from adapters.settings import Duration, Settings
from adapters.sources.mqtt.settings import BrokerSettings, MqttSettings

_LEVEL: Final = r"^[^/+#\x00]*$"


class SparkplugSettings(BrokerSettings):
    """The link to one MQTT broker that Sparkplug B edge nodes publish to."""

    host_id: str = Field(default="", max_length=128, pattern=_LEVEL)
    """Name of this host application, without `/`, `+`, `#`; no other host may have it. With one, the source says on
    `spBv1.0/STATE/HOST_ID` whether it is there, and edge nodes that name it as their primary host keep their history
    while it is not. Empty: it says nothing."""

    rebirth: Duration = Field(default=timedelta(seconds=10), ge=timedelta(0), le=timedelta(hours=1))
    """How long an edge node that is asked for a rebirth has, before it is asked again; each time twice as long, up to
    10 min, at least this. 0 to 1 h; 0: none is ever asked, for users that may not publish commands."""

    reorder: Duration = Field(default=timedelta(seconds=2), ge=timedelta(0), le=timedelta(minutes=1))
    """How long a message may come after those that were sent after it, before it counts as lost; 0 to 1 min. Brokers of
    one machine keep the order; clusters may not."""

    node_history: Duration = Field(default=timedelta(0), ge=timedelta(0), le=timedelta(days=365))
    """The longest outage of which the edge nodes keep all values (their store and forward); 0 to 365 d. What they send
    late then fills an outage up to this from its beginning. 0: not known, and it fills from the first late value."""

    @property
    def link(self) -> MqttSettings:
        """The link as MQTT has it: the specification asks for a session that the broker does not keep.

        QoS 1 takes each message with the QoS that it is published with.
        """
        shared = {name: getattr(self, name) for name in BrokerSettings.model_fields}
        return MqttSettings(**shared, qos=1, session_expiry=timedelta(0))


class SparkplugAddress(Settings):
    """Where one signal is found: a metric of an edge node, or of a device behind it."""

    metric: str = Field(min_length=1)
    """Name of the metric as the birth gives it, with its folders: `Spindle/Speed`. Its alias is found out."""

    group: str = Field(min_length=1, pattern=_LEVEL)
    """Group id: the second part of the topic, as in `spBv1.0/GROUP/DDATA/NODE/DEVICE`."""

    node: str = Field(min_length=1, pattern=_LEVEL)
    """Edge node id: the fourth part of the topic."""

    device: str = Field(default="", pattern=_LEVEL)
    """Device id: the fifth part of the topic. Empty: the metric is the edge node's own."""

    @field_validator("metric", "group", "node", "device")
    @classmethod
    def _without_blanks(cls, text: str) -> str:
        if text.strip() != text:
            msg = f"{text!r} begins or ends with a blank; write it without"
            raise ValueError(msg)
        return text
