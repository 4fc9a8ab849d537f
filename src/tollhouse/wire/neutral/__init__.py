"""What a conversation says, whoever spells it: the form between the dialects."""
