"""The Hugging Face Hub: model cards, pulling and pushing."""
