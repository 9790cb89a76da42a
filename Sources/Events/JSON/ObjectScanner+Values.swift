extension ObjectScanner {
    /// A number as RFC 8259 writes it; what follows it is the caller's to check.
    @inline(__always)
    func number(_ start: Bytes, _ kind: inout Kind) -> Bytes? {
        var p = start
        if p.pointee == UInt8(ascii: "-") { p += 1 }
        if p.pointee == UInt8(ascii: "0") {
            p += 1
        } else {
            let first = p
            p = digits(p)
            if p == first { return fail(.badNumber, start) }
        }
        if p.pointee == UInt8(ascii: ".") {
            let first = p + 1
            p = digits(first)
            if p == first { return fail(.badNumber, start) }
            kind = .decimal
        }
        if p.pointee | 0x20 == UInt8(ascii: "e") {
            p += 1
            if p.pointee == UInt8(ascii: "+") || p.pointee == UInt8(ascii: "-") { p += 1 }
            let first = p
            p = digits(first)
            if p == first { return fail(.badNumber, start) }
            kind = .decimal
        }
        return p
    }

    @inline(__always)
    private func digits(_ p: Bytes) -> Bytes {
        var p = p
        while p.pointee &- UInt8(ascii: "0") < 10 { p += 1 }
        return p
    }

    /// Any value, checked as JSON without recursion: a bit for each open container says whether it is an object.
    @inline(never)
    func skipValue(_ start: Bytes, _ kind: inout Kind) -> Bytes? {
        var p = start
        var objects: UInt64 = 0
        var depth = 1
        while true {
            let first = p.pointee
            if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                guard depth < Self.depthMax else { return fail(.deep, p) }
                let isObject = first == UInt8(ascii: "{")
                depth += 1
                objects = objects << 1 | (isObject ? 1 : 0)
                p = skipSpace(p + 1)
                if p.pointee != (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    if isObject {
                        guard let behind = keyAndColon(p) else { return nil }
                        p = behind
                    }
                    continue
                }
            } else {
                guard let behind = scalar(p, &kind) else { return nil }
                p = behind
                if depth == 1 { return p }
                guard let next = separator(p, objects) else { return nil }
                p = next
                if p.pointee == UInt8(ascii: ",") {
                    guard let behind = nextMember(p, objects) else { return nil }
                    p = behind
                    continue
                }
            }
            // `p` is at a closing bracket: close as many containers as end here.
            while true {
                p += 1
                objects >>= 1
                depth -= 1
                if depth == 1 {
                    kind = .container
                    return p
                }
                guard let next = separator(p, objects) else { return nil }
                p = next
                if p.pointee == UInt8(ascii: ",") { break }
            }
            guard let behind = nextMember(p, objects) else { return nil }
            p = behind
        }
    }

    /// The comma or the closing bracket that must follow a value in the innermost container.
    private func separator(_ p: Bytes, _ objects: UInt64) -> Bytes? {
        let p = skipSpace(p)
        let isObject = objects & 1 == 1
        if p.pointee == UInt8(ascii: ",") || p.pointee == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
            return p
        }
        return fail(isObject ? .expectedCommaOrBrace : .expectedCommaOrBracket, p)
    }

    /// From a comma to the next value.
    private func nextMember(_ comma: Bytes, _ objects: UInt64) -> Bytes? {
        let p = skipSpace(comma + 1)
        return objects & 1 == 1 ? keyAndColon(p) : p
    }

    private func keyAndColon(_ p: Bytes) -> Bytes? {
        guard p.pointee == UInt8(ascii: "\"") else { return fail(.expectedKey, p) }
        guard let close = string(p) else { return nil }
        let colon = skipSpace(close)
        guard colon.pointee == UInt8(ascii: ":") else { return fail(.expectedColon, colon) }
        return skipSpace(colon + 1)
    }

    /// Behind the string that begins at the quote `p`.
    private func string(_ p: Bytes) -> Bytes? {
        let close = plainEnd(p + 1)
        if close.pointee == UInt8(ascii: "\"") { return close + 1 }
        var count = 0
        return finishString(p + 1, &count, close).map { $0 + 1 }
    }

    private func scalar(_ p: Bytes, _ kind: inout Kind) -> Bytes? {
        switch p.pointee {
        case UInt8(ascii: "\""):
            kind = .string
            return string(p)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            kind = .integer
            return number(p, &kind)
        case UInt8(ascii: "n"):
            kind = .null
            return literal(p, 0x6C6C_756E)
        case UInt8(ascii: "t"):
            kind = .yes
            return literal(p, 0x6575_7274)
        case UInt8(ascii: "f"):
            kind = .no
            return p[4] == UInt8(ascii: "e") ? literal(p, 0x736C_6166).map { $0 + 1 } : fail(.badLiteral, p)
        default:
            return fail(.expectedValue, p)
        }
    }

    private func literal(_ p: Bytes, _ word: UInt64) -> Bytes? {
        load64(p) & 0xFFFF_FFFF == word ? p + 4 : fail(.badLiteral, p)
    }
}
