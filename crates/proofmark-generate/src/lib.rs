//! Generators: model adapters, prompts and toolchains; sole holder of provider keys. Holds nothing yet.
