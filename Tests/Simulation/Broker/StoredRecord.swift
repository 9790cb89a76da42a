import Pipeline

/// A record, or a control marker, as the simulated broker keeps it.
final class StoredRecord {
    let offset: Int64
    let timestamp: Int64
    let key: [UInt8]?
    let value: [UInt8]?
    let headers: [RecordHeader]
    let isMarker: Bool
    /// nil: written without a transaction.
    let transaction: SimulatedTransaction?
    /// The session that wrote it, for reports.
    let writer: String

    init(offset: Int64, _ draft: RecordDraft, transaction: SimulatedTransaction?, isMarker: Bool = false) {
        self.offset = offset
        timestamp = draft.timestamp
        key = draft.key
        value = draft.value
        headers = draft.headers
        writer = draft.writer
        self.transaction = transaction
        self.isMarker = isMarker
    }
}

/// A record on its way to the broker.
struct RecordDraft {
    var key: [UInt8]?
    var value: [UInt8]?
    var timestamp: Int64 = -1
    var headers: [RecordHeader] = []
    var writer = ""
}

/// A partition of a topic.
struct Place: Hashable {
    var topic: LogTopic
    var partition: Int32
}

/// A transaction: open until it is decided; then each of its partitions gets its marker, one after another.
final class SimulatedTransaction {
    enum State {
        case open
        case committing
        case aborting
    }

    let producer: String
    let epoch: Int
    var state = State.open
    /// The partitions that it wrote to, in order.
    var places: [Place] = []
    /// Partitions whose marker is not written yet.
    var unmarked: Set<Place> = []
    /// Offsets of the group that count with the commit.
    var offsets: [Int32: Int64] = [:]
    var hasUnsettledOffsets = false
    var whenDone: [() -> Void] = []

    init(producer: String, epoch: Int) {
        self.producer = producer
        self.epoch = epoch
    }

    var isDone: Bool { state != .open && unmarked.isEmpty && !hasUnsettledOffsets }
}
