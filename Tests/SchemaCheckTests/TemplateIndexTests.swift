import Testing

@testable import SchemaCheck

@Suite struct TemplateIndexTests {
    @Test(
        arguments: [
            // Each takes precedence in some segment.
            (["/{a}/x", "/y/{b}"], [nil, 0]),
            (["/{a}/x/{c}", "/y/{b}/{d}"], [nil, 0]),
            (["/z/{a}/x", "/z/y/{b}"], [nil, 0]),
            // The first of several is reported, regardless of shape.
            (["/a/{b}/{c}", "/a/b/{c}", "/{a}/b/{c}", "/{a}/{b}/c"], [nil, nil, 0, 0]),
            (["/x/{b}", "/y/{b}", "/{a}/z", "/{a}/w"], [nil, nil, 0, 0]),
            // One takes precedence in every segment, or no path matches both.
            (["/{a}/{b}", "/x/{b}", "/x/y"], [nil, nil, nil]),
            (["/z/{a}/x", "/w/y/{b}"], [nil, nil]),
            (["/{a}/x", "/y/{b}/z"], [nil, nil]),
            (["/x/{a}", "/x/{b}"], [nil, nil]),
            // Literals are compared as bytes.
            (["/\u{E9}/{a}/x", "/e\u{301}/y/{b}"], [nil, nil]),
            (["", "/", "//"], [nil, nil, nil]),
        ] as [([String], [Int?])]
    )
    func `the first ambiguous template is found`(_ templates: [String], _ found: [Int?]) {
        var index = TemplateIndex()
        #expect(templates.map { index.insert($0) } == found)
    }
}
