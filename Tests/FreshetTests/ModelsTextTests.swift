import Linear
import Models
import Testing

@testable import Pipeline
@testable import freshet

/// What the commands about models say.
@Suite struct ModelsTextTests {
    private static func comparison(cases: Int, users: Int) -> GenerationComparison {
        var comparison = GenerationComparison()
        (comparison.cases, comparison.users) = (cases, users)
        return comparison
    }

    @Test func aTableSaysWhichSideIsAStandIn() {
        var comparison = Self.comparison(cases: 300, users: 50)
        let untold = DecisionText.table(comparison, "3", "4")
        #expect(!untold.contains("judged") && DecisionText.members(comparison)["judged"] == nil)
        comparison.standIns = .init(candidate: false, serving: true)
        let lines = DecisionText.table(comparison, "3", "4").split(separator: "\n").map(String.init)
        #expect(lines.contains { $0.hasPrefix("3") && $0.contains("as it is") }, "\(lines)")
        #expect(lines.contains { $0.hasPrefix("4") && $0.contains("its recipe, trained on what came") }, "\(lines)")
        #expect(DecisionText.members(comparison)["judged"] as? [String] == ["itself", "stand-in"])
    }

    @Test func tooFewIsSaidWithTheMinimum() {
        for (cases, users) in [(0, 0), (9, 9), (48, 2)] {
            let comparison = Self.comparison(cases: cases, users: users)
            let table = DecisionText.table(comparison, "1", "2")
            #expect(table.contains("it takes 10 held-out interactions or more, over 10 users or more"), "\(table)")
            let members = DecisionText.members(comparison)
            #expect(members["enough"] as? Bool == false)
            #expect(members["minimum"] as? [String: Int] == ["cases": 10, "users": 10])
        }
        #expect(!DecisionText.table(Self.comparison(cases: 10, users: 10), "1", "2").contains("too few"))
    }

    /// Generations 1 and 2, promoted in that order.
    private static func shelf() -> GenerationShelf {
        var shelf = GenerationShelf()
        for _ in 1...2 {
            let generation = Generation(
                number: 0, manifest: GenerationManifest(), items: ["a"], factors: Matrix(rows: 1, columns: 1),
                neighbours: [], neighbourWeights: [], neighboursPerItem: 0)
            let decision = GenerationDecision(isPromoted: true, reason: .notWorse)
            take(shelf.publication(generation, decision, keeping: 3).records, into: &shelf)
        }
        return shelf
    }

    private static func take(_ records: [GenerationRecords.Record], into shelf: inout GenerationShelf) {
        for record in records {
            Array(record.key.utf8).withUnsafeBytes { key in
                guard let value = record.value else { return shelf.take(key: key, value: nil, offset: 0) }
                value.withUnsafeBytes { shelf.take(key: key, value: $0, offset: 0) }
            }
        }
    }

    @Test func aPinIsSaidToHoldBackWhatIsPromoted() {
        var shelf = Self.shelf()
        #expect(
            ModelsCommand.standing(shelf, promoted: 2) == ["generation 2 is served until a newer one is promoted"])
        Self.take([GenerationRecords.serving(1)], into: &shelf)
        let lines = ModelsCommand.standing(shelf, promoted: 2)
        #expect(lines.first?.hasPrefix("generation 2 is promoted, but has no effect until the pin is lifted") == true)
        #expect(lines.last == "generation 1 is served until `freshet models pin none`")
        // As after a rollback, which pins.
        let rolledBack = ModelsCommand.standing(shelf)
        #expect(rolledBack.count == 1 && rolledBack[0].contains("what is promoted has no effect"), "\(rolledBack)")
        #expect(ModelsCommand.standing(GenerationShelf()) == ["no generation is served"])
    }
}
