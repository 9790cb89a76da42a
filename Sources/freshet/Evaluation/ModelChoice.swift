internal import Evaluation
internal import Models
internal import ServiceKit

/// A model as `--model` names it, with settings of its own behind a colon: `als:factors=128,sweeps=10`.
struct ModelChoice {
    /// As it was written.
    let title: String
    private(set) var evaluation = OfflineEvaluation()

    /// The served list, one learner of it alone, or an algorithm of the catalogue.
    static let all = ["blend"] + learners + RecommenderCatalogue.all.map { $0.name }
    static let names = all.joined(separator: ", ")
    static let learners = ["sequential", "neighbours", "factors", "popularity"]

    /// Whether a text begins with the name of a model.
    static func isName(_ text: String) -> Bool {
        let name = String(text.prefix { $0 != ":" })
        return name == "blend" || learners.contains(name) || RecommenderCatalogue.find(name) != nil
    }

    /// - Parameter settings: what `--set` says, for every model.
    init(_ text: String, settings: [(name: String, value: String)]) throws {
        title = text
        let (name, own) = try Self.parse(text)
        let pairs = settings + own
        if let type = RecommenderCatalogue.find(name) {
            evaluation.model = .recommender(try Self.recommender(type, pairs))
        } else if name == "blend" || Self.learners.contains(name) {
            let served = try Self.served(name, pairs, inert: ShopSetting.ofStreams)
            (evaluation.shop, evaluation.trains) = (served.shop, served.trains)
        } else {
            throw UsageError.unknown("model", name, among: Self.all, shownBy: "models algorithms")
        }
    }

    /// A name, and its own settings behind a colon.
    private static func parse(_ text: String) throws -> (name: String, settings: [(name: String, value: String)]) {
        let words = text.split(separator: ":", maxSplits: 1).map(String.init)
        return (words.first ?? "", words.count > 1 ? try pairs(words[1], of: "a model") : [])
    }

    /// `a=1,b=2`.
    static func pairs(_ text: String, of option: String) throws -> [(name: String, value: String)] {
        try text.split(separator: ",").map { pair in
            let words = pair.split(separator: "=", maxSplits: 1)
            guard words.count == 2 else { throw UsageError("\(option) takes name=value, not '\(pair)'") }
            return (String(words[0]), String(words[1]))
        }
    }

    /// The served list (`blend`), or one learner of it alone.
    private static func served(
        _ name: String, _ pairs: [(name: String, value: String)], inert: Set<String> = []
    ) throws -> PrequentialEvaluation {
        var evaluation = PrequentialEvaluation()
        evaluation.trains = name != "popularity"
        if name != "blend" {
            // A fit would give the other learners weight again.
            evaluation.shop.training.isFitted = false
            evaluation.shop.blend.sequential.weight = name == "sequential" ? 1 : 0
            evaluation.shop.blend.neighbours.weight = name == "neighbours" ? 1 : 0
            evaluation.shop.blend.factors.weight = name == "factors" ? 1 : 0
            evaluation.shop.blend.category.weight = 0
            evaluation.shop.blend.popularity.weight = name == "popularity" ? 1 : 0
        }
        try ShopSetting.apply(pairs, to: &evaluation, inert: inert)
        return evaluation
    }

    /// A stream's evaluation whose generations are made of what `--model` names.
    /// - Parameter settings: what `--set` says: an algorithm's own settings go to it, others to the shop around it.
    static func prequential(
        _ text: String, settings: [(name: String, value: String)] = []
    ) throws -> PrequentialEvaluation {
        let (name, own) = try parse(text)
        if let type = RecommenderCatalogue.find(name) {
            let names = type.settingNames
            var evaluation = PrequentialEvaluation()
            try ShopSetting.apply(settings.filter { !names.contains($0.name) }, to: &evaluation)
            evaluation.model = try recommender(type, settings.filter { names.contains($0.name) } + own)
            return evaluation
        }
        guard name == "blend" || learners.contains(name) else {
            throw UsageError.unknown("model", name, among: all, shownBy: "models algorithms")
        }
        return try served(name, settings + own)
    }

    /// An algorithm with settings by name.
    static func recommender(
        _ type: any Recommender.Type, _ settings: [(name: String, value: String)]
    ) throws -> any Recommender {
        var recommender: any Recommender = type.init()
        for (name, value) in settings {
            guard type.settingNames.contains(name) else {
                throw UsageError.unknown(
                    "\(type.name) setting", name, among: type.settingNames, shownBy: "models algorithms \(type.name)")
            }
            do {
                try recommender.set(name, to: value)
            } catch {
                throw UsageError(error.description)
            }
        }
        return recommender
    }

    /// What a generation can be made of.
    static let trainable = allTrainable.joined(separator: ", ")
    private static let allTrainable = [GenerationManifest.blendModel] + RecommenderCatalogue.all.map { $0.name }

    /// How to train what `--model` or `training.model` names.
    /// - Parameter settings: what `--set` says besides.
    static func recipe(
        _ text: String, _ settings: [(name: String, value: String)], _ training: TrainingSettings
    ) throws -> GenerationRecipe {
        let (name, own) = try parse(text)
        if name == GenerationManifest.blendModel {
            guard let setting = (own + settings).first else { return .blend(training) }
            throw UsageError("the blend takes training.factors and no '\(setting.name)'")
        }
        guard let type = RecommenderCatalogue.find(name) else {
            throw UsageError.unknown("model to train", name, among: allTrainable, shownBy: "models algorithms")
        }
        return .recommender(try recommender(type, own + settings), training)
    }
}

extension UsageError {
    /// Nothing has that name: says what was probably meant, or what there is.
    /// - Parameter command: the command that tells more about each of them.
    static func unknown(
        _ what: String, _ name: String, among names: [String], shownBy command: String? = nil
    ) -> UsageError {
        // Among models the blend and its learners are no algorithms with settings to show.
        let blend = GenerationManifest.blendModel
        let hidden = names.contains(blend) ? [blend] + ModelChoice.learners : []
        guard let near = nearestWord(to: name, among: names) else {
            let all = !hidden.isEmpty ? "shows the algorithms among them" : "shows them"
            return UsageError(
                "there is no \(what) '\(name)'; there are " + names.joined(separator: ", ")
                    + (command.map { "; `freshet \($0)` \(all)" } ?? ""))
        }
        let more = hidden.contains(near) ? "" : command.map { " `freshet \($0)` shows them" } ?? ""
        return UsageError("there is no \(what) '\(name)'; did you mean '\(near)'?\(more)")
    }
}
