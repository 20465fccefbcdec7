"""Everything as arrays, to go on with in NumPy."""

import io

import numpy as np

from tfcli.attention_maps.attention_map import AttentionMap
from tfcli.attention_maps.view import View

_FIELDS = ("weights_LHQM", "scores_LHQM", "q_LHQK", "k_LHMK", "v_LHMK", "out_LHQK")


def write_npz(whole: AttentionMap, view: View) -> bytes:
    """All kinds, layers and heads in float32, whatever the view: `cross_weights` has the shape (layers, heads, queries,
    keys), `cross_q` (layers, heads, queries, d_head); beside them the tokens and the text. Strings, no pickles."""
    arrays = {
        "source": np.array(whole.source),
        "target": np.array(whole.target),
        "source_tokens": np.array(whole.source_tokens),
        "target_tokens": np.array(whole.target_tokens),
        "target_logprobs": whole.logprobs_T,
    }
    for kind, attention in whole.attentions.items():
        arrays |= {f"{kind}_queries": np.array(attention.queries), f"{kind}_keys": np.array(attention.keys)}
        for field in _FIELDS:
            if (values := getattr(attention, field)) is not None:
                arrays[f"{kind}_{field.partition('_')[0]}"] = values
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()
