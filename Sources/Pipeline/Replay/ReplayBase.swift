internal import Events
internal import Models

/// State that a replay goes on from, taken up piece by piece before the first record: users and the item table as
/// `StateExport` gave them.
public struct ReplayBase {
    private let replay: Replay
    private var items: ItemSnapshot.Loader
    private let codec: UserStateCodec

    /// - Parameters:
    ///   - replay: at its beginning, with ranges that begin where the base ends.
    ///   - manifest: of the item table.
    /// - Throws: `LogError` of the kind `state` for a manifest that cannot be read, or of other settings of the folds.
    public init(into replay: Replay, manifest: [UInt8]) throws(LogError) {
        self.replay = replay
        codec = UserStateCodec(items: replay.items.table.identifiers)
        guard let manifest = try? manifest.withUnsafeBytes({ try ItemSnapshot.Manifest($0) }) else {
            throw Self.damaged("its head cannot be read")
        }
        guard manifest.fingerprint == replay.settings.fingerprint else {
            throw LogError(
                .state,
                "the base was made with other settings of the folds (\(WorkerSettings.foldSettings)); go back to them, "
                    + "or replay from the events alone")
        }
        items = ItemSnapshot.Loader(into: replay.items, manifest: manifest)
    }

    /// Takes up a chunk of the item table, in the order of the export.
    public mutating func addItems(_ chunk: [UInt8]) throws(LogError) {
        do { try chunk.withUnsafeBytes { try items.load($0) } } catch {
            throw Self.damaged("a chunk of the item table cannot be read (\(error))")
        }
    }

    /// Takes up a user's state.
    public func addUser(_ id: [UInt8], partition: Int32, state: [UInt8]) throws(LogError) {
        guard let store = replay.stores[partition] else {
            throw Self.damaged("it has a user of partition \(partition), which the events topic does not have")
        }
        do {
            try state.withUnsafeBytes { state in
                _ = try id.withUnsafeBytes { try codec.decode(state, user: $0, into: store) }
            }
        } catch {
            throw Self.damaged("the state of user '\(String(decoding: id, as: UTF8.self))' cannot be read (\(error))")
        }
    }

    /// To be called when everything is in.
    public func finish() throws(LogError) {
        guard items.finish() else { throw Self.damaged("chunks of the item table are missing") }
        // Its place was in the item log of the deployment that it comes from.
        replay.items.restart()
    }

    private static func damaged(_ what: String) -> LogError {
        LogError(.state, "the base is damaged: \(what); export it again")
    }
}
