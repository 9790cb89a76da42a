internal import Events
internal import Models

/// Stored users against those that a replay rebuilt.
///
/// Where the topic's beginning has expired, a user with events before it cannot be rebuilt: the stored state knows of more
/// events than the log still has. Such a user is not verifiable, which is neither identical nor different.
public struct StateComparison {
    /// Users that the two agree on, to the bit.
    public private(set) var identical = 0
    /// Users that they do not agree on, sorted within each partition.
    public private(set) var differing: [String] = []
    /// Users with events before the log's start.
    public private(set) var unverifiable = 0
    /// Partitions with such users, sorted.
    public private(set) var expired: [Int32] = []

    /// - Parameter starts: from where each partition was replayed; nothing has expired where that is 0.
    public init(stored: Worker, replay: Replay, starts: [Int32: Int64]) {
        for (partition, worker) in stored.partitions.sorted(by: { $0.key < $1.key }) {
            guard let store = replay.stores[partition] else { continue }
            let mine = worker.store.recordHashes(items: stored.items.table.identifiers)
            let other = store.recordHashes(items: replay.items.table.identifiers)
            let hasExpired = (starts[partition] ?? 0) > 0
            var missing = 0
            for user in Set(mine.keys).union(other.keys).sorted() {
                if mine[user] == other[user] {
                    identical += 1
                } else if hasExpired, worker.store.events(of: user) > store.events(of: user) {
                    missing += 1
                } else {
                    differing.append(user)
                }
            }
            unverifiable += missing
            if missing > 0 { expired.append(partition) }
        }
    }

    /// Whether nothing is known to differ; not so where all users are beyond verification.
    public var isIdentical: Bool { differing.isEmpty && (identical > 0 || unverifiable == 0) }

    /// For people: "identical" stands in it where nothing is known to differ.
    public var verdict: String {
        let rest =
            unverifiable == 0
            ? ""
            : "\(unverifiable) users not verifiable: they have events before the log's start (partitions \(expired))"
        if !differing.isEmpty {
            return "DIFFERENT: \(differing.count) users, such as \(differing.prefix(5).joined(separator: ", "))"
                + (rest.isEmpty ? "" : "; \(rest)")
        }
        guard isIdentical else { return "NOT VERIFIABLE: \(rest)" }
        return "identical: \(identical) users" + (rest.isEmpty ? "" : "; \(rest)")
    }
}

extension UserStore {
    /// Events that a user's state has learnt; 0 for an unknown user.
    fileprivate func events(of id: String) -> Int {
        var id = id
        return id.withUTF8 { find(UnsafeRawBufferPointer($0)) }.map { user in
            let counts = self[user].counts
            return (0..<4).reduce(0) { $0 + Int(counts[$1]) }
        } ?? 0
    }
}
