extension ObjectScanner {
    /// Remembers what is wrong; returns nil, so that `return fail(…)` ends a scan.
    @inline(never)
    @discardableResult
    func fail(_ finding: Rejection.Finding, _ p: Bytes) -> Bytes? {
        memory.pointee.failure = finding
        memory.pointee.failureAt = p - memory.pointee.base
        return nil
    }

    /// The rejection for what `fail` remembered. Bytes that are no UTF-8 are called so, wherever they stand.
    @inline(never)
    func failure(_ bytes: UnsafeRawBufferPointer) -> Rejection {
        let offset = memory.pointee.failureAt
        if memory.pointee.failure == .deep { return Rejection(.tooDeep, .deep, offset) }
        if let fault = UTF8Check.firstFault(bytes) { return Rejection(.notUTF8, .badUTF8, fault) }
        let finding = offset >= bytes.count ? .unfinished : memory.pointee.failure
        return Rejection(.malformedJSON, finding, offset)
    }

    /// The rejection for a value that does not begin with `{`.
    @inline(never)
    func topLevelFailure(_ start: Bytes, _ bytes: UnsafeRawBufferPointer) -> Rejection {
        var kind = Kind.absent
        guard let end = skipValue(start, &kind) else { return failure(bytes) }
        let rest = skipSpace(end)
        guard rest == memory.pointee.base + bytes.count else {
            fail(.trailing, rest)
            return failure(bytes)
        }
        return Rejection(.notAnObject)
    }
}
