"""All trained architectures by name, and what users may give for one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eegsnn._validation import check_choice
from eegsnn.errors import ConfigurationError
from eegsnn.models.attention import SpikingAttentionConfig
from eegsnn.models.base import Architecture
from eegsnn.models.convolution import SpikingConvolutionConfig
from eegsnn.models.eegnet import SpikingEEGNetConfig
from eegsnn.models.feedforward import NetworkConfig
from eegsnn.models.recurrent import AdaptiveRecurrentConfig
from eegsnn.models.resonator import ResonatorConfig

ARCHITECTURES: dict[str, type[Architecture]] = {
    config.name: config
    for config in (
        NetworkConfig,
        SpikingEEGNetConfig,
        AdaptiveRecurrentConfig,
        ResonatorConfig,
        SpikingConvolutionConfig,
        SpikingAttentionConfig,
    )
}
"""Name → class of the configuration; ``config.build(…)`` makes the network."""


def resolve_architecture(architecture: Any, parameters: Mapping[str, Any] | None = None) -> Any:
    """Make a configuration of what a user gave.

    Parameters
    ----------
    architecture : str, mapping or configuration
        A name of :data:`ARCHITECTURES`; a mapping of ``"name"`` and the parameters that are not
        the defaults, as a pipeline file holds it; or a configuration.
    parameters : mapping, optional
        Fields of :class:`NetworkConfig` given beside it, which belong to "feedforward" alone.

    Returns
    -------
    Architecture

    Raises
    ------
    ConfigurationError
        If there is no such architecture or parameter, or one of `parameters` is not its default
        although another architecture is chosen, which would ignore it.
    """
    given = dict(parameters or {})
    if architecture == "feedforward":
        return NetworkConfig(**given)
    config = _configuration(architecture)
    if isinstance(config, NetworkConfig) and not given:
        return config
    defaults = NetworkConfig()
    for name, value in given.items():
        value = tuple(value) if isinstance(value, list) else value
        if value != getattr(defaults, name):
            raise ConfigurationError(
                f"{name}: is a parameter of the architecture 'feedforward', and would do nothing "
                f"beside {config.name!r}. Give {type(config).__name__}(…) or {{name = "
                f"{config.name!r}, …}} as architecture, with parameters of its own; got {value!r}."
            )
    return config


def _configuration(architecture: Any) -> Architecture:
    if isinstance(architecture, Architecture):
        return architecture
    if isinstance(architecture, Mapping):
        values = {str(key): value for key, value in architecture.items()}
        name = values.pop("name", None)
        check_choice("architecture.name", name, ARCHITECTURES)
        return ARCHITECTURES[name].from_dict(values)
    if not isinstance(architecture, str):
        raise ConfigurationError(
            f"architecture: expected a name ({', '.join(ARCHITECTURES)}), a table with a name, or "
            f"a configuration of eegsnn.models, but got {architecture!r}."
        )
    check_choice("architecture", architecture, ARCHITECTURES)
    return ARCHITECTURES[architecture]()
