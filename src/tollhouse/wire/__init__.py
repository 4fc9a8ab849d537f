"""How messages are spelled: bytes in, facts and edited bytes out, without any I/O."""
