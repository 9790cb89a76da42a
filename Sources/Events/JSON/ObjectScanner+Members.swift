extension ObjectScanner {
    /// What stood between one value and the next: comma, key, colon, white space, and the quote that opens a string.
    /// Producers write the same text there every time, so comparing it as three words replaces scanning it. It changes no
    /// result: it holds only text that the scan below has read, and what it read from it.
    struct Transition {
        var words = SIMD4<UInt64>()
        var masks = SIMD4<UInt64>()
        /// 0 for an unused one.
        var length: Int = 0
        var code: UInt8 = 0
        var isString = false
    }

    /// Bytes that a transition may have.
    private static let transitionBytesMax = 24
    /// The transitions behind each field, behind unknown fields, and at the object's beginning: two of each.
    static let placesCount = fieldsMax + 2

    /// The members, from the opening to behind the closing brace.
    @inline(__always)
    func members(_ brace: Bytes, _ names: NameTable) -> Bytes? {
        var p = brace
        var place = Self.fieldsMax + 1
        var aliasesSeen: UInt32 = 0
        while true {
            let ways = transitions + 2 * place
            var code: UInt8
            var isString: Bool
            if matches(ways, p) {
                p += ways.pointee.length
                (code, isString) = (ways.pointee.code, ways.pointee.isString)
            } else if matches(ways + 1, p) {
                p += ways[1].length
                (code, isString) = (ways[1].code, ways[1].isString)
            } else {
                (code, isString) = (0, false)
                guard let next = transition(p, names, ways, &code, &isString) else { return nil }
                p = next
                if code == Self.closing {
                    if aliasesSeen != 0 { takeAliases(aliasesSeen) }
                    return p
                }
            }
            place = Int(code & ~Self.aliasBit)
            var slot = slots + place
            if code == NameTable.unknown {
                place = Self.fieldsMax
                slot = slots + place
            } else if code & Self.aliasBit != 0 {
                aliasesSeen |= 1 &<< UInt32(truncatingIfNeeded: place)
                slot = aliasSlots + place
            }
            if !isString {
                // Text that is known may be followed by more white space, or by a string, than it was then.
                p = skipSpace(p)
                if p.pointee == UInt8(ascii: "\"") {
                    p += 1
                    isString = true
                }
            }
            if isString {
                var close = plainEnd(p)
                var count = close - p
                if close.pointee != UInt8(ascii: "\"") {
                    guard let slow = finishString(p, &count, close) else { return nil }
                    close = slow
                }
                slot.pointee = Slot(start: p, count: count, kind: .string)
                p = close + 1
            } else {
                guard let next = bareValue(p, slot) else { return nil }
                p = next
            }
        }
    }

    /// What stands under an alias counts where nothing stands under the field's own name.
    @inline(never)
    private func takeAliases(_ seen: UInt32) {
        for place in 0..<Self.fieldsMax where seen &>> UInt32(place) & 1 == 1 && slots[place].isAbsent {
            slots[place] = aliasSlots[place]
        }
    }

    /// In place of a name's code: the object ends here.
    private static let closing: UInt8 = 0xFE

    @inline(__always)
    private func matches(_ transition: UnsafeMutablePointer<Transition>, _ p: Bytes) -> Bool {
        let words = transition.pointee.words
        let masks = transition.pointee.masks
        let difference =
            (load64(p) ^ words[0]) & masks[0] | (load64(p + 8) ^ words[1]) & masks[1]
            | (load64(p + 16) ^ words[2]) & masks[2]
        return difference == 0 && transition.pointee.length != 0
    }

    /// Reads from behind a value (or from the opening brace) to the next value, behind the quote if it is a string.
    @inline(never)
    private func transition(
        _ start: Bytes, _ names: NameTable, _ ways: UnsafeMutablePointer<Transition>, _ code: inout UInt8,
        _ isString: inout Bool
    ) -> Bytes? {
        let isFirst = ways == transitions + 2 * (Self.fieldsMax + 1)
        var p = isFirst ? start : skipSpace(start)
        if p.pointee == UInt8(ascii: "}") {
            code = Self.closing
            return p + 1
        }
        guard isFirst || p.pointee == UInt8(ascii: ",") else { return fail(.expectedCommaOrBrace, p) }
        p = skipSpace(p + 1)
        if isFirst, p.pointee == UInt8(ascii: "}") {
            code = Self.closing
            return p + 1
        }
        guard p.pointee == UInt8(ascii: "\"") else { return fail(.expectedKey, p) }
        let key = p + 1
        var close = plainEnd(key)
        var count = close - key
        var isPlain = true
        if close.pointee != UInt8(ascii: "\"") {
            guard let slow = finishString(key, &count, close) else { return nil }
            close = slow
            isPlain = false
        }
        code = names.code(key, count)
        p = skipSpace(close + 1)
        guard p.pointee == UInt8(ascii: ":") else { return fail(.expectedColon, p) }
        p = skipSpace(p + 1)
        isString = p.pointee == UInt8(ascii: "\"")
        if isString { p += 1 }
        // A key with escapes has been changed in place: its text is gone.
        if isPlain { remember(start, p - start, code, isString, ways) }
        return p
    }

    /// The newest transition comes first, and the one before it second.
    private func remember(
        _ start: Bytes, _ length: Int, _ code: UInt8, _ isString: Bool, _ ways: UnsafeMutablePointer<Transition>
    ) {
        guard length <= Self.transitionBytesMax else { return }
        var new = Transition(length: length, code: code, isString: isString)
        for word in 0..<3 {
            let bytes = min(max(length - 8 * word, 0), 8)
            new.masks[word] = bytes == 8 ? .max : 1 << UInt64(8 * bytes) - 1
            new.words[word] = load64(start + 8 * word) & new.masks[word]
        }
        ways[1] = ways[0]
        ways[0] = new
    }

    /// A value that does not begin with a quote; what follows it is returned.
    @inline(__always)
    private func bareValue(_ p: Bytes, _ slot: UnsafeMutablePointer<Slot>) -> Bytes? {
        let first = p.pointee
        var kind = Kind.integer
        let end: Bytes?
        if first &- UInt8(ascii: "0") < 10 || first == UInt8(ascii: "-") {
            end = number(p, &kind)
        } else {
            end = skipValue(p, &kind)
        }
        guard let end else { return nil }
        slot.pointee = Slot(start: p, count: end - p, kind: kind)
        return end
    }
}
