import Events
import Linear
import Models
@testable import Pipeline

/// Publishes generations into the models topic, in pieces and sometimes only half of one, as a trainer would that dies.
final class GenerationSource {
    private let random: SimulationRandom
    private let broker: SimulatedBroker
    private let world: World
    private var waiting: [RecordDraft] = []
    private var whole: Generation?
    private var isPromoted = true
    private var number = 0
    private let chance: Double
    /// The promoted generations whose decision is in the topic: no list may name another one.
    private(set) var published: [Generation] = []

    init(_ world: World, broker: SimulatedBroker, random: SimulationRandom) {
        self.world = world
        self.broker = broker
        self.random = random
        chance = random.pick([0, 0.01, 0.05])
    }

    func produce() {
        if waiting.isEmpty, random.chance(chance) { begin() }
        if !published.isEmpty, random.chance(chance / 4) { pin() }
        guard !waiting.isEmpty, random.chance(0.3) else { return }
        if random.chance(0.1) {
            // The trainer dies: what it has written stays half.
            waiting.removeAll()
            return
        }
        broker.append(Place(topic: .models, partition: 0), waiting.removeFirst(), transaction: nil)
        if waiting.isEmpty, let whole, isPromoted { published.append(whole) }
    }

    /// Somebody names an older generation to be served, or ends that.
    private func pin() {
        let number = random.chance(0.5) ? random.pick(published).number : nil
        let record = GenerationRecords.serving(number)
        broker.append(
            Place(topic: .models, partition: 0), RecordDraft(key: Array(record.key.utf8), value: record.value),
            transaction: nil)
    }

    private func begin() {
        number += 1
        let count = random.int(1...world.items)
        let columns = random.int(1...3)
        let rows = (0..<count).map { _ in
            (0..<columns).map { _ in Float(random.int(-100...100)) / 64 }
        }
        var manifest = GenerationManifest()
        manifest.blend.factors.weight = 1
        manifest.blend.popularity.weight = Double(random.int(0...2)) * 0.25
        let perItem = random.int(0...2)
        let neighbours = (0..<(count * perItem)).map { _ in Int32(random.int(-1...(count - 1))) }
        let generation = Generation(
            number: number, manifest: manifest, items: (0..<count).map { "item-\($0)" }, factors: Matrix(rows),
            neighbours: neighbours, neighbourWeights: neighbours.map { _ in Float(random.int(1...8)) / 8 },
            neighboursPerItem: perItem)
        whole = generation
        // The codec's chunks are larger than any of these, so they are cut smaller here.
        let stream = GenerationCodec.encode(generation)
        let size = random.pick([40, 200, stream.count])
        isPromoted = random.chance(0.8)
        var decision = GenerationDecision(isPromoted: isPromoted, reason: isPromoted ? .notWorse : .worse)
        decision.number = number
        for record in GenerationRecords.chunked(stream, number: number, chunkBytes: size) {
            add(record.key.text, record.value)
            decision.content = record.value.withUnsafeBytes { Hash64.hash($0) }
        }
        let record = GenerationRecords.decision(decision)
        add(record.key, record.value ?? [])
    }

    private func add(_ key: String, _ value: [UInt8]) {
        waiting.append(RecordDraft(key: Array(key.utf8), value: value))
    }
}
