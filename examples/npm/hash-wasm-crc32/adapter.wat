;; Lifts hash-wasm's CRC-32 into `crc32: func(data: list<u8>) -> u32`. The first core module is a stub with the interface
;; of module.wasm; ../assemble.py puts the unmodified bytes of module.wasm in its place.
(component
  (core module $crc32
    (memory (export "memory") 2 2)
    (func (export "Hash_GetBuffer") (result i32) unreachable)
    (func (export "Hash_Init") (param i32) unreachable)
    (func (export "Hash_Update") (param i32) unreachable)
    (func (export "Hash_Final") unreachable))

  ;; The module's memory can't grow and has one buffer of 16 KiB, so the data is kept in a second memory and handed over
  ;; in pieces of that size. An instance serves one call.
  (core module $feeder
    (import "crc32" "memory" (memory $inside 2 2))
    (import "crc32" "Hash_GetBuffer" (func $buffer (result i32)))
    (import "crc32" "Hash_Init" (func $init (param i32)))
    (import "crc32" "Hash_Update" (func $update (param i32)))
    (import "crc32" "Hash_Final" (func $final))
    (memory $outside (export "memory") 1)
    (global $top (mut i32) (i32.const 16))
    (func (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
      (local $block i32)
      (local $end i64)
      (local.set $block
        (i32.and (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
                 (i32.sub (i32.const 0) (local.get $align))))
      (local.set $end (i64.add (i64.extend_i32_u (local.get $block)) (i64.extend_i32_u (local.get $size))))
      (if (i64.gt_u (local.get $end) (i64.shl (i64.extend_i32_u (memory.size $outside)) (i64.const 16)))
        (then
          (if (i32.eq (i32.const -1)
                (memory.grow $outside (i32.sub
                  (i32.wrap_i64 (i64.shr_u (i64.add (local.get $end) (i64.const 65535)) (i64.const 16)))
                  (memory.size $outside))))
            (then unreachable))))
      (global.set $top (i32.wrap_i64 (local.get $end)))
      (local.get $block))
    (func (export "crc32") (param $data i32) (param $size i32) (result i32)
      (local $piece i32)
      (local $digest i32)
      (call $init (i32.const 0xEDB88320))
      (loop $more
        (local.set $piece
          (select (local.get $size) (i32.const 16384) (i32.lt_u (local.get $size) (i32.const 16384))))
        (memory.copy $inside $outside (call $buffer) (local.get $data) (local.get $piece))
        (call $update (local.get $piece))
        (local.set $data (i32.add (local.get $data) (local.get $piece)))
        (local.set $size (i32.sub (local.get $size) (local.get $piece)))
        (br_if $more (local.get $size)))
      (call $final)
      ;; The digest is the first four bytes of the buffer, most significant first.
      (local.set $digest (i32.load $inside (call $buffer)))
      (i32.or
        (i32.and (i32.rotl (local.get $digest) (i32.const 8)) (i32.const 0x00FF00FF))
        (i32.and (i32.rotr (local.get $digest) (i32.const 8)) (i32.const 0xFF00FF00)))))

  (core instance $hash (instantiate $crc32))
  (core instance $feed (instantiate $feeder (with "crc32" (instance $hash))))
  (alias core export $feed "memory" (core memory $bytes))
  (alias core export $feed "realloc" (core func $realloc))
  (func (export "crc32") (param "data" (list u8)) (result u32)
    (canon lift (core func $feed "crc32") (memory (core memory $bytes)) (realloc (core func $realloc)))))
