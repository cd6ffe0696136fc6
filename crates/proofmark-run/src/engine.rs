//! The WebAssembly engine, set up so that the same artifact does the same thing on every machine.
//!
//! No threads, no shared memory, NaN canonicalised, relaxed SIMD in its deterministic form, fuel on, no garbage
//! collector, no component-model async. Nothing outside this file may build an engine.

use proofmark_contract::Budget;
use wasmparser::WasmFeatures;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

/// Linear memories in one component.
pub const MEMORIES_MAX: u32 = 4;
/// Tables in one component.
pub const TABLES_MAX: u32 = 16;
/// Core instances in one component.
pub const CORE_INSTANCES_MAX: u32 = 32;
/// Bytes of a slot that are cleared by writing zeros rather than by asking the kernel for fresh pages.
const KEEP_RESIDENT: usize = 256 << 10;

/// The WebAssembly proposals an artifact may use.
#[must_use]
pub fn features() -> WasmFeatures {
    WasmFeatures::WASM2
        | WasmFeatures::RELAXED_SIMD
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::MULTI_MEMORY
        | WasmFeatures::COMPONENT_MODEL
}

/// An engine with room for `live` instances at a time, each within `budget`.
///
/// # Errors
/// What the engine says when the host can't give it the address space or the instruction set it needs.
pub fn engine(budget: &Budget, live: u32) -> Result<Engine, wasmtime::Error> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(live)
        .total_core_instances(live.saturating_mul(CORE_INSTANCES_MAX))
        .total_memories(live.saturating_mul(MEMORIES_MAX))
        .total_tables(live.saturating_mul(TABLES_MAX))
        .total_stacks(1)
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .max_memories_per_component(MEMORIES_MAX)
        .max_tables_per_component(TABLES_MAX)
        .max_memory_size(usize::try_from(budget.memory).unwrap_or(usize::MAX))
        .table_elements(usize::try_from(budget.table_elements).unwrap_or(usize::MAX))
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(KEEP_RESIDENT);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .consume_fuel(true)
        .max_wasm_stack(usize::try_from(budget.stack).unwrap_or(usize::MAX))
        .cranelift_nan_canonicalization(true)
        .cranelift_opt_level(OptLevel::Speed)
        .relaxed_simd_deterministic(true)
        .wasm_relaxed_simd(true)
        .wasm_multi_memory(true)
        .wasm_memory64(false)
        .wasm_component_model(true)
        .concurrency_support(false)
        .wasm_backtrace_max_frames(None)
        .native_unwind_info(false);
    Engine::new(&config)
}
