"""What translated before the Transformer, behind the same interface: recurrent and convolutional models."""
