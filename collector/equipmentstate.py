"""What a machine does, in the words that utilisation needs."""

from enum import StrEnum


class EquipmentState(StrEnum):
    """What a machine does, in the words that utilisation needs.

    Each is tied to the time elements of ISO 22400-2 (6.2), OPC 40501-1 (Machine tools, annex C), PackML
    (ISA-TR88.00.02 StateCurrent) and MTConnect (execution, controller mode).
    """

    PRODUCING = "producing"
    """ISO 22400-2 actual production time (APT); OPC 40501-1 Executing; PackML Execute, Completing; MTConnect
    ACTIVE."""
    IDLE = "idle"
    """Ready, nothing to do: ISO 22400-2 part of actual unit down time (ADOT); OPC 40501-1 NotExecuting;
    PackML Idle, Starved (Suspended); MTConnect READY, STOPPED, PROGRAM_COMPLETED, WAIT."""
    SETUP = "setup"
    """ISO 22400-2 actual unit setup time (AUST); OPC 40501-1 Setup mode; PackML Starting, Resetting;
    MTConnect mode MANUAL or MANUAL_DATA_INPUT with ACTIVE."""
    PLANNED_STOP = "planned_stop"
    """ISO 22400-2 planned down time (PDOT); OPC 40501-1 Maintenance mode; PackML Stopped in maintenance mode; MTConnect
    OPTIONAL_STOP."""
    UNPLANNED_STOP = "unplanned_stop"
    """ISO 22400-2 actual unit delay time (ADET); OPC 40501-1 OutOfService; PackML Held, Aborted; MTConnect
    INTERRUPTED, FEED_HOLD, PROGRAM_STOPPED."""
    OFF = "off"
    """Switched off: ISO 22400-2 part of actual unit down time (ADOT); PackML Stopped; MTConnect power
    OFF."""
    UNKNOWN = "unknown"
    """Nobody knows: bad status, or a gap longer than `hold_for`; MTConnect UNAVAILABLE. Never taken for idle."""
