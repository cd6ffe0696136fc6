//! What one call may use, and how much a check may do. Every budget is a count, never a time.

/// The budgets of a contract. [`Budget::default`] is what a contract has that names none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Fuel for each call, in the engine's units (about one for each instruction).
    pub fuel: u64,
    /// Linear memory, in bytes: a multiple of 64 KiB.
    pub memory: u64,
    /// Elements of a table.
    pub table_elements: u64,
    /// The WebAssembly stack, in bytes.
    pub stack: u64,
    /// Size of the artifact, in bytes.
    pub module_bytes: u64,
    /// Functions that the artifact may define.
    pub functions: u64,
    /// Executions for each property, instead of what the policy plans. A policy may ask for more than this buys.
    pub executions: Option<u64>,
    /// Fuel of all calls of one function in a check together.
    pub total_fuel: u64,
    /// Bytes that a run may write into its trees, beside as many as were there.
    pub written: u64,
    /// Entries that a run may make in its trees, beside those that were there.
    pub entries: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            fuel: 10_000_000,
            memory: 16 << 20,
            table_elements: 10_000,
            stack: 512 << 10,
            module_bytes: 8 << 20,
            functions: 20_000,
            executions: None,
            total_fuel: 20_000_000_000,
            written: 4 << 30,
            entries: 100_000,
        }
    }
}
