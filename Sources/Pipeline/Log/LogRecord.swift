/// A header of a record as the pipeline has it. Names may come more than once, and nil is a header without a value.
public typealias RecordHeader = (name: String, value: [UInt8]?)

/// One record of the log; its bytes are valid during the call that delivers it.
public struct LogRecord: ~Copyable {
    public let topic: LogTopic
    public let partition: Int32
    public let offset: Int64
    /// ms since 1970; negative when the record has none.
    public let timestamp: Int64
    /// Nil for a record without a key, which differs from an empty one.
    public let key: UnsafeRawBufferPointer?
    /// Nil for a tombstone, which differs from an empty value.
    public let value: UnsafeRawBufferPointer?
    private let handle: UnsafeRawPointer?
    private let readHeaders: @Sendable (UnsafeRawPointer) -> [RecordHeader]

    /// - Parameters:
    ///   - handle: the log's own record, which `readHeaders` (a function without captures) reads the headers of.
    public init(
        topic: LogTopic, partition: Int32, offset: Int64, timestamp: Int64, key: UnsafeRawBufferPointer?,
        value: UnsafeRawBufferPointer?, handle: UnsafeRawPointer? = nil,
        readHeaders: @escaping @Sendable (UnsafeRawPointer) -> [RecordHeader] = { _ in [] }
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.timestamp = timestamp
        self.key = key
        self.value = value
        self.handle = handle
        self.readHeaders = readHeaders
    }

    /// The record's headers, read when asked for: they are wanted for dead letters only.
    public var headers: [RecordHeader] { handle.map(readHeaders) ?? [] }
}
