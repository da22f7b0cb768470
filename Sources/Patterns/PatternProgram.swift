/// An expression compiled to instructions for a machine that follows all alternatives at once (K. Thompson, "Regular Expression Search
/// Algorithm", 1968).
final class PatternProgram: Sendable {
    enum Instruction: Sendable {
        case scalar(ScalarSet)
        case jump(Int)
        /// Continues at both instructions.
        case split(Int, Int)
        case start
        case end
        case wordBoundary(isNegated: Bool)
        case look(PatternProgram, isNegated: Bool)
        case match
    }

    /// Whether the program reads towards the start of the text. A look-ahead does: one pass from the end finds all positions where it
    /// matches, as a pass from the start does for a look-behind.
    let isBackward: Bool
    let instructions: [Instruction]

    convenience init(_ node: PatternNode) throws(PatternError) {
        // Repetitions are expanded, so their total size is limited, including that of look-arounds.
        var budget = 20_000
        try self.init(node, isBackward: false, budget: &budget)
    }

    private init(_ node: PatternNode, isBackward: Bool, budget: inout Int) throws(PatternError) {
        var compiler = Compiler(isBackward: isBackward, budget: budget)
        try compiler.emit(node)
        budget = compiler.budget
        self.isBackward = isBackward
        instructions = compiler.instructions + [.match]
    }

    private struct Compiler {
        let isBackward: Bool
        /// The number of nodes that may still be expanded.
        var budget: Int
        var instructions: [Instruction] = []

        init(isBackward: Bool, budget: Int) {
            self.isBackward = isBackward
            self.budget = budget
        }

        mutating func emit(_ node: PatternNode) throws(PatternError) {
            budget -= 1
            guard budget > 0 else {
                throw PatternError(
                    message: "the expression is too large after its repetitions are expanded",
                    offset: 0
                )
            }
            switch node {
            case .empty: break
            case .set(let set): instructions.append(.scalar(set))
            case .sequence(let nodes):
                for node in isBackward ? nodes.reversed() : nodes { try emit(node) }
            case .alternatives(let nodes): try emitAlternatives(nodes)
            case .repeated(let node, let minimum, let maximum): try emitRepeated(node, minimum, maximum)
            case .start: instructions.append(.start)
            case .end: instructions.append(.end)
            case .wordBoundary(let isNegated): instructions.append(.wordBoundary(isNegated: isNegated))
            case .look(let node, let isBehind, let isNegated):
                let program = try PatternProgram(node, isBackward: !isBehind, budget: &budget)
                instructions.append(.look(program, isNegated: isNegated))
            }
        }

        private mutating func emitAlternatives(_ nodes: [PatternNode]) throws(PatternError) {
            var jumps: [Int] = []
            for node in nodes.dropLast() {
                let split = instructions.count
                instructions.append(.match)
                try emit(node)
                jumps.append(instructions.count)
                instructions.append(.match)
                instructions[split] = .split(split + 1, instructions.count)
            }
            if let last = nodes.last { try emit(last) }
            for jump in jumps { instructions[jump] = .jump(instructions.count) }
        }

        private mutating func emitRepeated(_ node: PatternNode, _ minimum: Int, _ maximum: Int?) throws(PatternError) {
            for _ in 0..<minimum { try emit(node) }
            guard let maximum else {
                let split = instructions.count
                instructions.append(.match)
                try emit(node)
                instructions.append(.jump(split))
                instructions[split] = .split(split + 1, instructions.count)
                return
            }
            var splits: [Int] = []
            for _ in minimum..<max(minimum, maximum) {
                splits.append(instructions.count)
                instructions.append(.match)
                try emit(node)
            }
            for split in splits { instructions[split] = .split(split + 1, instructions.count) }
        }
    }
}
