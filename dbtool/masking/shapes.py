"""The masks as a rule file's schema shows them: a mask in the registry is in the schema."""

from __future__ import annotations

from dbtool.masking.mask import Registry
from dbtool.rules.schema import MaskShape


def mask_shapes(masks: Registry) -> dict[str, MaskShape]:
    return {name: MaskShape(mask.summary, mask.options.model_json_schema()) for name, mask in masks.items()}
