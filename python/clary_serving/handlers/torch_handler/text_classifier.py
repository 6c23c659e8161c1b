"""`text_classifier`: the classes of one text, with their probabilities. One request at a time."""

import torch

from ..labels import map_class_to_label
from .base_handler import part_of
from .text_handler import TextHandler


class TextClassifier(TextHandler):
    """The model takes token indices [tokens] and offsets [1], as torch.nn.EmbeddingBag does."""

    ngrams = 2

    def preprocess(self, data):
        """Returns: the indices of words and n-grams, and the words."""
        if len(data) != 1:
            raise ValueError(f"text_classifier takes one request at a time, not {len(data)}")
        text = part_of(data[0])
        if isinstance(text, (bytes, bytearray)):
            text = text.decode("utf-8")
        text = self._expand_contractions(self._remove_html_tags(text).lower())
        words = self._tokenize(self._remove_punctuation(self._remove_accented_characters(text)))
        tokens = list(words)
        for size in range(2, self.ngrams + 1):
            tokens += [" ".join(words[at:at + size]) for at in range(len(words) - size + 1)]
        return torch.as_tensor([self._index(token) for token in tokens], dtype=torch.long, device=self.device), words

    def inference(self, data, *args, **kwargs):
        indices, _ = data
        with torch.inference_mode():
            return self.model(indices, torch.tensor([0], device=self.device), *args, **kwargs)

    def postprocess(self, data):
        """data: logits [1, classes]. Returns: [{label: probability}]."""
        return map_class_to_label(torch.nn.functional.softmax(data, dim=1).tolist(), self.mapping)
