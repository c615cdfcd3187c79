"""Train an organism on any Hugging Face base: LoRA by PEFT, loops by TRL."""
