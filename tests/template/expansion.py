"""The template as CloudFormation sees it: the official SAM transform, run here without AWS."""

import copy
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from boto3 import Session
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = Path(__file__).resolve().parents[2]
Template = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (!Ref, !Sub …) as the long ones."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


@cache
def _source() -> Template:
    template: Template = yaml.load((ROOT / "template.yaml").read_text(), Loader=_Loader)
    return template


def source() -> Template:
    """The SAM template as written, to change at will."""
    return copy.deepcopy(_source())


def expand(template: Template) -> Template:
    """What CloudFormation gets after the SAM transform."""
    packaged = copy.deepcopy(template)
    for resource in packaged["Resources"].values():
        for key in ("CodeUri", "ContentUri"):
            if key in resource.get("Properties", {}):
                resource["Properties"][key] = "s3://artifacts/code.zip"
    session = Session(region_name="us-east-1")
    expanded: Template = Translator({}, Parser(), boto_session=session).translate(packaged, {})
    return expanded
