internal import Events
internal import Models

extension ItemSnapshot {
    /// Fills an empty fold from a snapshot's chunks, in the order of their numbers.
    public struct Loader {
        private let fold: ItemFold
        private let manifest: Manifest
        private var items: [IdentifierTable.Number] = []
        private var loaded = 0

        /// Traps where the fold has items, or stands behind the log's beginning.
        public init(into fold: ItemFold, manifest: Manifest) {
            precondition(fold.offset == 0 && fold.table.liveCount == 0, "a snapshot is loaded into an empty fold")
            self.fold = fold
            self.manifest = manifest
            items.reserveCapacity(min(manifest.identifiers, 1 << 20))
        }

        /// Takes the next chunk.
        /// - Throws: `ByteReader.Malformed`; the fold is filled in part then, and of no use.
        public mutating func load(_ chunk: UnsafeRawBufferPointer) throws {
            var reader = ByteReader(chunk)
            while !reader.isAtEnd {
                switch try reader.byte() {
                case 0: items.append(fold.table.identifiers.intern(try reader.counted()))
                case 1: try loadItem(&reader)
                case 2: try loadRow(try place(&reader), &reader)
                case 3: fold.table.restoreWithdrawal(try place(&reader))
                default: throw ByteReader.Malformed(offset: reader.offset)
                }
            }
            loaded += 1
        }

        /// The fold stands where the snapshot was taken; false when chunks are missing, or others than the manifest's.
        public func finish() -> Bool {
            guard loaded == manifest.chunks, items.count == manifest.identifiers, manifest.fits(fold.table) else {
                return false
            }
            fold.expected = manifest.expected
            fold.offset = manifest.offset
            fold.table.restore(latestTime: manifest.latestTime)
            fold.table.covisitation.restore(epoch: manifest.epoch)
            fold.table.popularity.restore(landmarkSteps: manifest.popularitySteps)
            fold.table.activity.restore(landmarkSteps: manifest.activitySteps)
            return true
        }

        private func place(_ reader: inout ByteReader) throws -> IdentifierTable.Number {
            let place = try reader.varint()
            guard place < UInt64(items.count) else { throw ByteReader.Malformed(offset: reader.offset) }
            return items[Int(place)]
        }

        private func loadItem(_ reader: inout ByteReader) throws {
            let item = try place(&reader)
            let table = fold.table
            var attributes = ItemTable.Attributes()
            guard attributes.restore(try reader.byte()) else { throw ByteReader.Malformed(offset: reader.offset) }
            func word() throws -> IdentifierTable.Number {
                let length = try reader.count()
                return length == 0 ? IdentifierTable.none : table.words.intern(try reader.raw(length - 1))
            }
            attributes.category = try word()
            attributes.categoryCode = try word()
            attributes.brand = try word()
            attributes.title = try word()
            attributes.price = try reader.double()
            func time() throws -> Int64? {
                let stored = try reader.varint()
                guard stored <= UInt64(EventTime.end) else { throw ByteReader.Malformed(offset: reader.offset) }
                return stored == 0 ? nil : Int64(stored) - 1
            }
            attributes.firstSeen = try time()
            attributes.lastSeen = try time()
            attributes.describedAt = try time()
            for type in 0..<4 { attributes.counts[type] = UInt32(truncatingIfNeeded: try reader.varint()) }
            table.restore(item, attributes)
            var values: [Double] = []
            for _ in 0..<table.popularity.columns { values.append(try reader.double()) }
            table.popularity.restore(item, values: values)
            values.removeAll()
            for _ in 0..<table.activity.columns { values.append(try reader.double()) }
            table.activity.restore(item, values: values)
            try loadRow(item, &reader)
        }

        private func loadRow(_ item: IdentifierTable.Number, _ reader: inout ByteReader) throws {
            let total = try reader.varint()
            let epoch = try reader.signed()
            guard epoch >= 0, epoch <= manifest.epoch, total < 1 << 62 else {
                throw ByteReader.Malformed(offset: reader.offset)
            }
            var neighbours: [(item: IdentifierTable.Number, count: UInt32)] = []
            let count = try reader.count(limit: fold.table.covisitation.neighboursMax)
            neighbours.reserveCapacity(count)
            for _ in 0..<count {
                let neighbour = try place(&reader)
                neighbours.append((neighbour, UInt32(truncatingIfNeeded: try reader.varint())))
            }
            fold.table.covisitation.restore(item, .init(total: total, epoch: epoch, neighbours: neighbours))
        }
    }
}
