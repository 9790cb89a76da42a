/// Look-ups whose memory is asked for ahead, and those of strings.
extension IdentifierTable {
    /// The numbers of several identifiers, as if each were interned in turn. Their slots and entries are fetched side by
    /// side: one after the other, each would wait for memory.
    public func intern(_ list: UnsafeBufferPointer<UnsafeRawBufferPointer>, into numbers: UnsafeMutablePointer<Number>)
    {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: list.count) { tags in
            for index in list.indices {
                let tag = UInt32(truncatingIfNeeded: placement(list[index]))
                tags[index] = tag
                numbers[index] = slots[home(tag)]
            }
            for index in list.indices where numbers[index] != Self.none {
                if entries[Int(numbers[index])].tag != tags[index] { numbers[index] = Self.none }
            }
            for index in list.indices {
                let number = numbers[index]
                if number != Self.none, matches(number, tags[index], list[index]) { continue }
                numbers[index] = intern(list[index], placement: UInt64(tags[index]))
            }
        }
    }

    /// Where the number of an identifier with this placement is looked for first, to be asked for ahead of `intern`.
    @inlinable
    public func slotAddress(_ placement: UInt64) -> UnsafeRawPointer {
        UnsafeRawPointer(slots + home(UInt32(truncatingIfNeeded: placement)))
    }

    /// The number that is looked at first for this placement: another identifier's now and then, and none where that is
    /// `none`.
    @inlinable
    public func candidate(_ placement: UInt64) -> Number { slots[home(UInt32(truncatingIfNeeded: placement))] }

    /// Where an identifier lies, to be asked for ahead of `bytes`.
    @inlinable
    public func entryAddress(_ number: Number) -> UnsafeRawPointer { UnsafeRawPointer(entries + Int(number)) }

    /// By the text's bytes: equal strings that are spelled in two ways are two identifiers.
    public func intern(_ text: String) -> Number {
        var text = text
        return text.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
    }

    /// By the text's bytes, too.
    public func find(_ text: String) -> Number? {
        var text = text
        return text.withUTF8 { find(UnsafeRawBufferPointer($0)) }
    }

    /// The identifier as text; bytes that are not UTF-8 are replaced.
    public func text(_ number: Number) -> String {
        String(decoding: bytes(number), as: UTF8.self)
    }
}
