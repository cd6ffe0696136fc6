//! Generators: model adapters, prompts and toolchains, none of which exist yet.
