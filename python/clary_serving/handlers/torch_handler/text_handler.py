"""Handlers of text: a vocabulary, and what is done to a sentence before it is looked up."""

import os
import re
import unicodedata

import torch

from .base_handler import BaseHandler

_CONTRACTIONS = (("won't", "will not"), ("can't", "cannot"), ("n't", " not"), ("'re", " are"), ("'ll", " will"),
                 ("'ve", " have"), ("'d", " would"), ("'m", " am"))


class TextHandler(BaseHandler):
    """source_vocab: from the manifest's sourceVocab, or source_vocab.pt: anything that gives an index for a token, such as a
    dict or torchtext's Vocab (the environment then needs torchtext)."""

    def __init__(self):
        super().__init__()
        self.source_vocab = None

    def initialize(self, context):
        super().initialize(context)
        # The archive's own file: it is trusted as its code is.
        self.source_vocab = torch.load(self.get_source_vocab_path(context), weights_only=False)

    def get_source_vocab_path(self, ctx):
        path = os.path.join(ctx.system_properties["model_dir"], ctx.manifest["model"].get("sourceVocab") or "source_vocab.pt")
        if not os.path.isfile(path):
            raise FileNotFoundError(f"a text handler needs the vocabulary {os.path.basename(path)}")
        return path

    def _index(self, token):
        if isinstance(self.source_vocab, dict):
            return self.source_vocab.get(token, self.source_vocab.get("<unk>", 0))
        return self.source_vocab[token]

    def _expand_contractions(self, text):
        for short, full in _CONTRACTIONS:
            text = text.replace(short, full)
        return text

    def _remove_accented_characters(self, text):
        return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")

    def _remove_html_tags(self, text):
        return re.sub(r"<[^>]*>", "", text)

    def _remove_punctuation(self, text):
        return re.sub(r"[^\w\s]", "", text)

    def _tokenize(self, text):
        """Words and marks apart, in lower case."""
        return re.findall(r"\w+|[^\w\s]", text.lower())
