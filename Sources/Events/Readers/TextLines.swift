extension String {
    /// Its lines without their ends, `\n` or `\r\n`; behind the last end an empty one. `split` by a `"\n"` finds no `"\r\n"`,
    /// which is one character of its own.
    public var textLines: [Substring] {
        utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
        }
    }
}
