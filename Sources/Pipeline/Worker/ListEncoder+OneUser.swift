internal import Events
internal import Models

extension WorkerSettings {
    /// The seed of a user's list: the deployment's, the user and the offset that the list includes.
    func listSeed(userHash: UInt64, offset: Int64) -> UInt64 {
        Hash64.hash(userHash ^ UInt64(bitPattern: offset), seed: seed)
    }
}

extension ListEncoder {
    /// One user's list as it would be published from this state, this table and this generation. Changes none of them.
    func list(
        of user: UserStore.User, in store: UserStore, partition: Int32, items: ItemFold, serving: ServingGeneration?,
        ranker: Ranker, settings: WorkerSettings
    ) -> [UInt8] {
        let state = store[user]
        let id = store.identifiers.bytes(user)
        let workspace = QueryWorkspace()
        let seed = settings.listSeed(userHash: store.identifiers.hash(user), offset: state.offset)
        workspace.add(state, seed: seed, scale: settings.scale, decay: settings.decay)
        let provenance = ListProvenance(
            partition: partition, offset: state.offset, itemsOffset: items.offset,
            generation: serving?.generation.number)
        let writer = ByteWriter()
        ranker.begin(generation: serving, blend: settings.blend)
        workspace.withQueries { queries in
            ranker.rank(queries) { _, list, own in
                encode(
                    user: id, time: state.latestTime, items: list, own: own, table: items.table, provenance: provenance,
                    to: writer)
            }
        }
        return Array(writer.bytes)
    }
}
