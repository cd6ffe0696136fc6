;; Lifts fast-base64's raw-pointer functions into `encode: func(data: list<u8>) -> string` and `decode: func(text: string)
;; -> list<u8>`. Like the package's own JavaScript it adds the padding after encoding and drops every `=` before decoding.
;; The first core module is a stub with the interface of module.wasm; ../assemble.py puts the unmodified bytes of
;; module.wasm in its place.
(component
  (core module $base64
    (import "imports" "memory" (memory 0))
    (func (export "base642bytes") (param i32 i32) unreachable)
    (func (export "bytes2base64") (param i32 i32 i32) unreachable))

  ;; The module imports its memory. An instance serves one call, so blocks follow one another from address 16 on.
  (core module $allocator
    (memory (export "memory") 1)
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

  (core module $codec
    (import "allocator" "memory" (memory 1))
    (import "allocator" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
    (import "base64" "base642bytes" (func $base642bytes (param i32 i32)))
    (import "base64" "bytes2base64" (func $bytes2base64 (param i32 i32 i32)))

    ;; A list or string is returned as the address of its address and length.
    (func $pair (param $address i32) (param $length i32) (result i32)
      (local $pair i32)
      (local.set $pair (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 8)))
      (i32.store (local.get $pair) (local.get $address))
      (i32.store offset=4 (local.get $pair) (local.get $length))
      (local.get $pair))

    (func (export "encode") (param $data i32) (param $size i32) (result i32)
      (local $source i32)
      (local $text i32)
      (local $length i32)
      (local $rest i32)
      ;; The module reads up to two bytes past the data, which have to be zero.
      (local.set $source
        (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.add (local.get $size) (i32.const 2))))
      (memory.copy (local.get $source) (local.get $data) (local.get $size))
      (memory.fill (i32.add (local.get $source) (local.get $size)) (i32.const 0) (i32.const 2))
      (local.set $length
        (i32.shl (i32.div_u (i32.add (local.get $size) (i32.const 2)) (i32.const 3)) (i32.const 2)))
      (local.set $rest (i32.rem_u (local.get $size) (i32.const 3)))
      ;; Its loop runs at least once, so room for four characters is there even for no data.
      (local.set $text
        (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.add (local.get $length) (i32.const 4))))
      (call $bytes2base64
        (local.get $source) (i32.add (local.get $source) (local.get $size)) (local.get $text))
      (if (local.get $rest)
        (then
          (i32.store8 (i32.sub (i32.add (local.get $text) (local.get $length)) (i32.const 1)) (i32.const 61))
          (if (i32.eq (local.get $rest) (i32.const 1))
            (then
              (i32.store8 (i32.sub (i32.add (local.get $text) (local.get $length)) (i32.const 2)) (i32.const 61))))))
      (call $pair (local.get $text) (local.get $length)))

    (func (export "decode") (param $text i32) (param $size i32) (result i32)
      (local $buffer i32)
      (local $from i32)
      (local $kept i32)
      (local $byte i32)
      (local $rest i32)
      (local.set $buffer
        (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.add (local.get $size) (i32.const 16))))
      (memory.fill (local.get $buffer) (i32.const 0) (i32.add (local.get $size) (i32.const 16)))
      (block $copied
        (loop $next
          (br_if $copied (i32.eq (local.get $from) (local.get $size)))
          (local.set $byte (i32.load8_u (i32.add (local.get $text) (local.get $from))))
          (local.set $from (i32.add (local.get $from) (i32.const 1)))
          (br_if $next (i32.eq (local.get $byte) (i32.const 61)))
          (i32.store8 (i32.add (local.get $buffer) (local.get $kept)) (local.get $byte))
          (local.set $kept (i32.add (local.get $kept) (i32.const 1)))
          (br $next)))
      (call $base642bytes (local.get $buffer) (i32.add (local.get $buffer) (local.get $kept)))
      (local.set $rest (i32.and (local.get $kept) (i32.const 3)))
      (call $pair
        (local.get $buffer)
        (i32.add
          (i32.mul (i32.shr_u (local.get $kept) (i32.const 2)) (i32.const 3))
          (select (i32.sub (local.get $rest) (i32.const 1)) (i32.const 0) (local.get $rest))))))

  (core instance $memory (instantiate $allocator))
  (core instance $raw (instantiate $base64 (with "imports" (instance $memory))))
  (core instance $api (instantiate $codec (with "allocator" (instance $memory)) (with "base64" (instance $raw))))
  (alias core export $memory "memory" (core memory $bytes))
  (alias core export $memory "realloc" (core func $realloc))
  (func (export "encode") (param "data" (list u8)) (result string)
    (canon lift (core func $api "encode") (memory (core memory $bytes)) (realloc (core func $realloc))))
  (func (export "decode") (param "text" string) (result (list u8))
    (canon lift (core func $api "decode") (memory (core memory $bytes)) (realloc (core func $realloc)))))
