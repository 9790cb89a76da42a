internal import Events
internal import Models

extension ItemSnapshot {
    /// Fills an empty fold from a snapshot's chunks, in the order of their numbers.
    public struct Loader {
        private let fold: ItemFold
        private let manifest: Manifest
        private var items: [IdentifierTable.Number] = []
        private var listed = 0
        private var loaded = 0
        /// Whether everything is read as if it were loaded, and nothing is.
        private let isTrial: Bool

        /// Traps where the fold has items, or stands behind the log's beginning.
        public init(into fold: ItemFold, manifest: Manifest) {
            self.init(into: fold, manifest: manifest, isTrial: false)
        }

        private init(into fold: ItemFold, manifest: Manifest, isTrial: Bool) {
            precondition(fold.offset == 0 && fold.table.liveCount == 0, "a snapshot is loaded into an empty fold")
            self.fold = fold
            self.manifest = manifest
            self.isTrial = isTrial
            if !isTrial { items.reserveCapacity(min(manifest.identifiers, 1 << 20)) }
        }

        /// Whether a fold can load a snapshot whole: of a damaged one nothing may be in it when an older one is loaded. To
        /// read is a small part of loading.
        /// - Throws: for damage.
        static func tryOut(_ chunks: [[UInt8]], _ manifest: Manifest, for fold: ItemFold) throws {
            var loader = Loader(into: fold, manifest: manifest, isTrial: true)
            for chunk in chunks { try chunk.withUnsafeBytes { try loader.load($0) } }
            guard loader.finish() else { throw ByteReader.Malformed(offset: 0) }
        }

        /// Takes the next chunk.
        /// - Throws: `ByteReader.Malformed`; the fold is filled in part then, and of no use.
        public mutating func load(_ chunk: UnsafeRawBufferPointer) throws {
            var reader = ByteReader(chunk)
            while !reader.isAtEnd {
                switch try reader.byte() {
                case 0:
                    let id = try reader.counted()
                    if !isTrial { items.append(fold.table.identifiers.intern(id)) }
                    listed += 1
                case 1: try loadItem(&reader)
                case 2: try loadRow(try place(&reader), &reader)
                case 3:
                    let item = try place(&reader)
                    if !isTrial { fold.table.restoreWithdrawal(item) }
                default: throw ByteReader.Malformed(offset: reader.offset)
                }
            }
            loaded += 1
        }

        /// The fold stands where the snapshot was taken; false when chunks are missing, or others than the manifest's.
        public func finish() -> Bool {
            guard loaded == manifest.chunks, listed == manifest.identifiers, manifest.fits(fold.table) else {
                return false
            }
            if isTrial { return true }
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
            guard place < UInt64(listed) else { throw ByteReader.Malformed(offset: reader.offset) }
            return isTrial ? IdentifierTable.none : items[Int(place)]
        }

        private func loadItem(_ reader: inout ByteReader) throws {
            let item = try place(&reader)
            let table = fold.table
            var attributes = ItemTable.Attributes()
            guard attributes.restore(try reader.byte()) else { throw ByteReader.Malformed(offset: reader.offset) }
            func word() throws -> IdentifierTable.Number {
                let length = try reader.count()
                guard length > 0 else { return IdentifierTable.none }
                let word = try reader.raw(length - 1)
                return isTrial ? IdentifierTable.none : table.words.intern(word)
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
            if !isTrial { table.restore(item, attributes) }
            var values: [Double] = []
            for _ in 0..<table.popularity.columns { values.append(try reader.double()) }
            if !isTrial { table.popularity.restore(item, values: values) }
            values.removeAll()
            for _ in 0..<table.activity.columns { values.append(try reader.double()) }
            if !isTrial { table.activity.restore(item, values: values) }
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
            if isTrial { return }
            fold.table.covisitation.restore(item, .init(total: total, epoch: epoch, neighbours: neighbours))
        }
    }
}
