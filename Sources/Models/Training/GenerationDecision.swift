/// What was decided about one generation, with the figures that it was decided by.
///
/// The rule: a candidate of the serving generation's own recipe, the same algorithm with the same settings on newer data,
/// is promoted unless it is worse beyond chance, that is, unless the upper end of the 95% paired bootstrap interval of its
/// NDCG@20 less that of the serving generation lies below 0. One of another recipe, or from outside, has nothing but the
/// figures to speak for it: its NDCG must not be lower at all. Fewer than `casesMin` cases, or `usersMin` users, tell
/// nothing: then the first sort is promoted, and the second is not.
///
/// Newer data speaks for a candidate only where it is no less: one that was trained here on less than nine tenths of the
/// serving generation's interactions or items, or on nothing as new (`TrainingExtent`), is refused without figures, and so
/// it is by figures of a stand-in, which tell of recipes and not of that generation. Beside the generation itself it has to
/// be better beyond chance: a file of some events must not take the place of a whole catalogue.
///
/// Where nothing serves, what was trained here is promoted, and what comes from outside is compared with the lists that
/// there are without a generation.
public struct GenerationDecision: Sendable, Equatable {
    /// Why a candidate was promoted or refused. Raw values stand in stored decisions, so they keep their meaning.
    public enum Reason: UInt8, Sendable, CaseIterable {
        /// There was no generation before it.
        case first
        case notWorse
        case worse
        /// Too few cases or users; the same recipe on newer data.
        case renewed
        /// Too few cases or users, and another recipe, or from outside.
        case tooFewCases
        /// Somebody said so.
        case byHand
        /// Lower, if not beyond chance, and of another recipe or from outside.
        case lower
        /// Too few cases or users, and trained on less than the serving one.
        case tooFewCasesOfLess
        /// Trained on less than the serving one, and not better beyond chance, or compared with a stand-in only.
        case less

        /// For logs and tables.
        public var text: String {
            switch self {
            case .first: "the first generation"
            case .notWorse: "not worse"
            case .worse: "worse: the interval lies below 0"
            case .renewed: "too few cases to tell; the same recipe on newer data"
            case .tooFewCases: "too few held-out cases to tell"
            case .byHand: "by hand"
            case .lower: "not the recipe that serves, and its NDCG is lower"
            case .tooFewCasesOfLess: "too few cases to tell, and trained on less than the one that is served"
            case .less: "trained on less than the one that is served, and not shown to be better"
            }
        }
    }

    /// Fewer held-out interactions than these tell nothing.
    public static let casesMin = 10
    /// Interactions of fewer users than these tell of those users.
    public static let usersMin = PairedBootstrap.drawnMin

    /// The candidate's number; 0 until its publisher gives it one.
    public var number = 0
    /// The hash of what was published: a decision counts for that content only, whoever else takes the number.
    public var content: UInt64 = 0
    /// The kind of model, as `Recommender.name`, or `blend`, or `import`.
    public var model = ""
    /// Whether the candidate may serve: of those that may, the one promoted last does, unless another is pinned.
    public var isPromoted: Bool
    public var reason: Reason
    /// The generation that it was compared with.
    public var serving: Int?
    /// The figures; nil where nothing could be compared.
    public var comparison: GenerationComparison?
    /// The largest event time that the candidate includes, in ms.
    public var latestTime: Int64 = 0

    public init(isPromoted: Bool, reason: Reason) {
        self.isPromoted = isPromoted
        self.reason = reason
    }

    /// Decides by the rule.
    /// - Parameters:
    ///   - comparison: nil where none could be made.
    ///   - extent: what the candidate will have been trained on when it serves, where that is more than it has been judged
    ///     by; nil for what its manifest says.
    ///   - serving: nil where nothing serves; the comparison is with the lists without a generation then.
    ///   - isFromOutside: so too where another deployment trained it by a recipe of this program.
    init(
        _ comparison: GenerationComparison?, candidate: Generation, trainedOn extent: TrainingExtent? = nil,
        serving: Generation?, isFromOutside: Bool = false
    ) {
        let manifest = candidate.manifest
        let isOutside = isFromOutside || manifest.model == GenerationManifest.importedModel
        let isSameRecipe = !isOutside && serving.map { manifest.isOfOneRecipe(with: $0.manifest) } ?? false
        let isLess =
            !isOutside
            && serving.map { !(extent ?? TrainingExtent(candidate)).covers(TrainingExtent($0)) } ?? false
        if serving == nil, !isOutside {
            self.init(isPromoted: true, reason: .first)
        } else if let comparison, comparison.isEnough {
            let isBetter = comparison.difference.low > 0 && comparison.standIns?.serving != true
            let isLower = comparison.candidate.ndcg < comparison.serving.ndcg
            let refusal: Reason? =
                comparison.isWorse
                ? .worse : isLess && !isBetter ? .less : !isSameRecipe && isLower ? .lower : nil
            self.init(isPromoted: refusal == nil, reason: refusal ?? .notWorse)
        } else if isSameRecipe, !isLess {
            self.init(isPromoted: true, reason: .renewed)
        } else {
            self.init(isPromoted: false, reason: isLess ? .tooFewCasesOfLess : .tooFewCases)
        }
        self.comparison = comparison
        self.serving = serving?.number
        model = manifest.model
        latestTime = manifest.latestTime
    }
}
