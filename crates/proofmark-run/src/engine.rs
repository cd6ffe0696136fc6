//! The WebAssembly engine, set up so that the same artifact does the same thing on every machine.
//!
//! No threads, no shared memory, NaN canonicalised, relaxed SIMD in its deterministic form, fuel on, no garbage
//! collector, no component-model async. Nothing outside this file may build an engine.

use proofmark_contract::Budget;
use wasmparser::WasmFeatures;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

/// How many linear memories there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memories {
    pub in_module: u32,
    pub in_component: u32,
}

/// Those of an artifact, and those of its twin, which has one more for each module that it counts in.
pub const MEMORIES: Memories = Memories { in_module: 1, in_component: 4 };
pub const MEMORIES_OF_TWIN: Memories = Memories { in_module: 2, in_component: 8 };
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

/// An engine with room for `live` instances at a time, each within `budget` and with that many memories.
///
/// # Errors
/// What the engine says when the host can't give it the address space or the instruction set it needs.
pub fn engine(budget: &Budget, live: u32, memories: Memories) -> Result<Engine, wasmtime::Error> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(live)
        .total_core_instances(live.saturating_mul(CORE_INSTANCES_MAX))
        .total_memories(live.saturating_mul(memories.in_component))
        .total_tables(live.saturating_mul(TABLES_MAX))
        .total_stacks(1)
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .max_memories_per_component(memories.in_component)
        .max_memories_per_module(memories.in_module)
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
