;; Lifts xxhash-wasm's raw-pointer functions into `func(data: list<u8>, seed) -> hash`. The first core module is a stub
;; with the interface of module.wasm; ../assemble.py puts the unmodified bytes of module.wasm in its place.
(component
  (core module $xxhash
    (memory (export "mem") 1)
    (func (export "xxh32") (param i32 i32 i32) (result i32) unreachable)
    (func (export "xxh64") (param i32 i32 i64) (result i64) unreachable))

  ;; The module has no allocator: callers write their bytes into its memory. An instance serves one call, so its
  ;; arguments go one after another from address 16 on.
  (core module $allocator
    (import "xxhash" "mem" (memory 1))
    (global $top (mut i32) (i32.const 16))
    (func (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
      (local $block i32)
      (local $end i64)
      (local.set $block
        (i32.and (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
                 (i32.sub (i32.const 0) (local.get $align))))
      (local.set $end (i64.add (i64.extend_i32_u (local.get $block)) (i64.extend_i32_u (local.get $size))))
      (if (i64.gt_u (local.get $end) (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))
        (then
          (if (i32.eq (i32.const -1)
                (memory.grow (i32.sub
                  (i32.wrap_i64 (i64.shr_u (i64.add (local.get $end) (i64.const 65535)) (i64.const 16)))
                  (memory.size))))
            (then unreachable))))
      (global.set $top (i32.wrap_i64 (local.get $end)))
      (local.get $block)))

  (core instance $hash (instantiate $xxhash))
  (core instance $memory (instantiate $allocator (with "xxhash" (instance $hash))))
  (alias core export $hash "mem" (core memory $bytes))
  (alias core export $memory "realloc" (core func $realloc))
  (func (export "xxh32") (param "data" (list u8)) (param "seed" u32) (result u32)
    (canon lift (core func $hash "xxh32") (memory (core memory $bytes)) (realloc (core func $realloc))))
  (func (export "xxh64") (param "data" (list u8)) (param "seed" u64) (result u64)
    (canon lift (core func $hash "xxh64") (memory (core memory $bytes)) (realloc (core func $realloc)))))
