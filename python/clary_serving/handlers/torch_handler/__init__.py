"""Handlers of TorchServe's kind, under the names users derive theirs from. torch is imported with them."""
