public import Events

/// The keys and the marker of `freshet.users`.
public enum CheckpointRecord {
    /// The key of a partition's marker.
    public static let markerKey: StaticString = "m"
    /// The first byte of a user's key; the user id follows.
    public static let userPrefix = UInt8(ascii: "u")

    /// "All users of this partition are complete up to `offset`."
    public struct Marker: Equatable, Sendable {
        /// The first offset that some user's record may not include.
        public var offset: Int64
        /// `WorkerSettings.fingerprint` of the writer: a worker refuses users that were made under another one.
        public var fingerprint: UInt64
        /// The hash of the event types' names with which events behind `offset` are read; nil in markers of the first
        /// version.
        public var typeNames: UInt64?
        /// The transactional id of the writer; empty without transactions.
        public var writer: String

        public init(offset: Int64, fingerprint: UInt64, typeNames: UInt64? = nil, writer: String) {
            self.offset = offset
            self.fingerprint = fingerprint
            self.typeNames = typeNames
            self.writer = writer
        }

        /// Appends the marker's record.
        public func encode(to writer: ByteWriter) {
            writer.byte(typeNames == nil ? 1 : 2)
            writer.signed(offset)
            writer.fixed(fingerprint)
            if let typeNames { writer.fixed(typeNames) }
            writer.text(self.writer)
        }

        init(_ bytes: UnsafeRawBufferPointer) throws {
            var reader = ByteReader(bytes)
            let version = try reader.byte()
            guard version == 1 || version == 2 else { throw ByteReader.Malformed(offset: 0) }
            offset = try reader.signed()
            fingerprint = try reader.fixed(UInt64.self)
            if version == 2 { typeNames = try reader.fixed(UInt64.self) }
            writer = String(decoding: try reader.raw(bytes.count - reader.offset), as: UTF8.self)
        }
    }

    /// What a record of the topic is.
    enum Content {
        case marker(Marker)
        case user(id: UnsafeRawBufferPointer, state: UnsafeRawBufferPointer?)
    }

    static func content(_ record: borrowing LogRecord) throws -> Content? {
        guard let key = record.key, key.count > 0 else { return nil }
        if key[0] == userPrefix { return .user(id: .init(rebasing: key[1...]), state: record.value) }
        guard let value = record.value else { return nil }
        return .marker(try Marker(value))
    }
}
