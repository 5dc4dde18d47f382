// The report page: what is in it, what is left out, and that nothing people write can break it.
#include "dynode/models/report.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <functional>
#include <regex>

#include "dynode/base/error.h"
#include "dynode/models/assets.h"

namespace dynode {
namespace {

/// A small report with every part.
Report whole_report() {
  Report r;
  r.title       = "demo";
  r.summary     = "A small network.";
  r.facts       = {{"parameters", "12"}};
  r.test_metric = 0.863;
  r.yardsticks  = {{"GRU", 0.881, "of equal size"}};
  r.curve       = {{.epoch         = 1,
                    .step          = 10,
                    .loss          = 2.5,
                    .metrics       = {{"accuracy", 0.25}},
                    .lr            = 1e-3,
                    .gradient_norm = 1.5,
                    .block_norms   = {{"J_0_to_1", 1.25}, {"layer1/tau", 0.5}}},
                   {.epoch = 1, .step = 10, .split = "validation", .loss = 2.0, .metrics = {{"accuracy", 0.5}}}};
  r.class_names = {"cat", "dog"};
  r.confusion   = {8, 2, 1, 9};
  r.layers      = {{.id = 0, .name = "in", .type = "Linear", .units = 3},
                   {.id       = 1,
                    .name     = "out",
                    .type     = "CTRNN",
                    .source   = "Tanh",
                    .units    = 2,
                    .stage    = 1,
                    .stepwise = true,
                    .dt       = 0.5,
                    .facts    = {{"tau", "1"}}}};
  r.connections = {{.name = "J_0_to_1", .kind = "sparse", .from = 0, .to = 1, .weights = 6, .present = 3}};
  r.histograms  = {{.name           = "J_0_to_1",
                    .unit           = "Phi_0",
                    .low            = -1,
                    .high           = 1,
                    .counts         = {1, 4, 1},
                    .mean           = 0,
                    .deviation      = 0.5,
                    .initial_counts = {2, 2, 2}}};
  r.examples    = {{.title         = "image 3",
                    .label         = 0,
                    .prediction    = 1,
                    .probabilities = {0.4, 0.6},
                    .image_rows    = 1,
                    .image_columns = 3,
                    .image         = {0.0f, 0.5f, 1.0f},
                    .trajectories  = {{.layer    = "out",
                                       .variable = "v",
                                       .meaning  = "potential",
                                       .first    = 1,
                                       .steps    = 2,
                                       .units    = 2,
                                       .answers  = true,
                                       .values   = {0.0f, -1.0f, 1.0f, NAN}}}}};
  r.config_yaml = "seed: 42  # <b>\n";
  r.spec_yaml   = "layers: []\n";
  return r;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

size_t occurrences(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}

nlohmann::json data_of(const std::string& page) {
  const std::string open  = "<script type=\"application/json\" id=\"report-data\">";
  const size_t      first = page.find(open) + open.size();
  return nlohmann::json::parse(page.substr(first, page.find("</script>", first) - first));
}

std::vector<uint8_t> bytes_of(const std::string& base64) {
  const std::string    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<uint8_t> bytes;
  uint32_t             bits  = 0;
  int                  count = 0;
  for (char c : base64) {
    if (c == '=') break;
    bits = bits << 6 | uint32_t(digits.find(c));
    if ((count += 6) >= 8) bytes.push_back(uint8_t(bits >> (count -= 8)));
  }
  return bytes;
}

TEST(Report, HasAPartForEverythingThatIsThere) {
  const std::string page = render_report(whole_report());
  for (const char* id : {"curves", "confusion", "network", "examples", "weights", "gradients", "config"}) {
    EXPECT_TRUE(contains(page, std::string("<section id=\"") + id + "\"")) << id;
    EXPECT_TRUE(contains(page, std::string("href=\"#") + id + "\"")) << id;
  }
  EXPECT_TRUE(contains(page, ">86.3<span class=\"unit\">%"));
  EXPECT_TRUE(contains(page, "88.1\u202f%<span class=\"difference\">+1.8</span>"));
  EXPECT_TRUE(contains(page, "<dt>parameters</dt><dd>12</dd>"));
  EXPECT_TRUE(contains(page, "seed: 42  # &lt;b&gt;\n"));
}

TEST(Report, LeavesOutWhatIsEmpty) {
  const std::string page = render_report({.title = "nothing yet"});
  EXPECT_TRUE(contains(page, "<h1>nothing yet</h1>"));
  EXPECT_FALSE(contains(page, "<section"));
  for (const char* name :
       {"class=\"summary\"", "class=\"headline\"", "class=\"facts\"", "href=\"#", "<!--if", "<!--end", "{{"})
    EXPECT_EQ(contains(page, name), std::string(name) == "href=\"#") << name;  // the link to the results stays
  EXPECT_FALSE(contains(page, "href=\"#curves\""));
}

TEST(Report, LeavesOutEachPartOnItsOwn) {
  const std::pair<const char*, std::function<void(Report&)>> cases[] = {
      {"confusion", [](Report& r) { r.confusion.clear(); }},
      {"network", [](Report& r) { r.layers.clear(), r.connections.clear(); }},
      {"examples", [](Report& r) { r.examples.clear(); }},
      {"weights", [](Report& r) { r.histograms.clear(); }},
      {"gradients", [](Report& r) { r.curve[0].gradient_norm = kNotMeasured; }},
      {"config", [](Report& r) { r.config_yaml.clear(), r.spec_yaml.clear(); }}};
  for (const auto& [gone, clear] : cases) {
    Report r = whole_report();
    clear(r);
    const std::string page = render_report(r);
    for (const char* id : {"curves", "confusion", "network", "examples", "weights", "gradients", "config"})
      EXPECT_EQ(contains(page, std::string("<section id=\"") + id + "\""), std::string(id) != gone)
          << id << " without " << gone;
  }
}

TEST(Report, AsksTheNetworkForNothing) {
  std::string page = render_report(whole_report());
  page = std::regex_replace(page, std::regex("/\\*![^*]*\\*/"), "");  // the licence line of the chart library
  EXPECT_FALSE(contains(page, "http://"));
  EXPECT_FALSE(contains(page, "https://"));
  EXPECT_FALSE(contains(page, "@import"));
  EXPECT_FALSE(contains(page, "url("));
  EXPECT_TRUE(contains(page, "default-src 'none'"));
  const std::regex reference("<(?:link|img|script|iframe|a)[^>]*\\s(?:src|href)=\"(?!#|data:,)");
  EXPECT_FALSE(std::regex_search(page, reference));
  EXPECT_LT(page.size(), 200'000u);
}

TEST(Report, CarriesTheLicenceOfTheChartLibrary) {
  EXPECT_TRUE(contains(render_report({.title = "t"}), "Permission is hereby granted, free of charge"));
}

TEST(Report, HasNoScriptThatEndsItself) {
  const ReportAssets& a = report_assets();
  for (auto script : {a.base, a.curves, a.confusion, a.network, a.examples, a.weights, a.chart_script})
    for (const char* end : {"</script", "<!--"}) EXPECT_EQ(script.find(end), script.npos);
}

TEST(Report, ShowsHostileTextsAsTheyAre) {
  const std::string evil = "</script><script>alert(1)</script> \"a\" & 'b' <!-- {{facts}} \\ \xE2\x80\xA8";
  Report            r    = whole_report();
  r.title = r.summary = r.config_yaml = r.metric_name = evil;
  r.facts                                             = {{evil, evil}};
  r.yardsticks[0].name = r.class_names[0] = r.layers[0].name = r.connections[0].name = evil;
  r.histograms[0].name = r.examples[0].title = r.examples[0].trajectories[0].layer = r.curve[0].split = evil;
  r.histograms[0].unit = r.examples[0].trajectories[0].variable = r.examples[0].trajectories[0].meaning = evil;
  r.connections[0].kind = r.layers[0].type = r.layers[0].source = r.curve[0].block_norms[0].first = evil;
  r.curve[0].metrics[0].first                                                                     = evil;
  const std::string page                                                                          = render_report(r);

  EXPECT_FALSE(contains(page, "<script>alert"));
  EXPECT_TRUE(contains(
      page,
      "<title>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt; &quot;a&quot; &amp; &#39;b&#39; &lt;!-- {{facts}}"));
  const auto data = data_of(page);
  EXPECT_EQ(data["title"], evil);
  EXPECT_EQ(data["classes"][0], evil);
  EXPECT_EQ(data["layers"][0]["name"], evil);
  EXPECT_EQ(data["curve"][0]["metrics"][evil][0], 0.25);
  EXPECT_EQ(data["curve"][0]["block_norms"][evil][0], 1.25);
  EXPECT_EQ(data["connections"][0]["kind"], evil);
  EXPECT_EQ(data["histograms"][0]["unit"], evil);
  EXPECT_EQ(data["examples"][0]["trajectories"][0]["meaning"], evil);

  // what people wrote opens and ends nothing: the page has as many elements and comments as without it
  const std::string tame = render_report(whole_report());
  for (const char* part : {"<script", "</script>", "<!--", "-->", "<h1>", "<section", "<details>"})
    EXPECT_EQ(occurrences(page, part), occurrences(tame, part)) << part;
}

TEST(Report, ReplacesBytesThatAreNotUtf8) {
  const auto data =
      data_of(render_report({.title = "a\xFF-b\xC3", .class_names = {"\xED\xA0\x80", "\xF0\x9F\x90\xB1"}}));
  EXPECT_EQ(data["title"], "a\uFFFD-b\uFFFD");
  EXPECT_EQ(data["classes"][0], "\uFFFD\uFFFD\uFFFD");  // a surrogate
  EXPECT_EQ(data["classes"][1], "\U0001F431");
}

TEST(Report, HoldsItsNumbersAsJson) {
  const auto data = data_of(render_report(whole_report()));
  EXPECT_EQ(data["metric"]["test"], 0.863);
  EXPECT_EQ(data["curve"][0]["name"], "train");
  EXPECT_EQ(data["curve"][0]["loss"], nlohmann::json::parse("[2.5]"));
  EXPECT_EQ(data["curve"][1]["metrics"]["accuracy"], nlohmann::json::parse("[0.5]"));
  EXPECT_EQ(data["confusion"], nlohmann::json::parse("[[8,2],[1,9]]"));
  EXPECT_EQ(data["connections"][0]["present"], 3);
  EXPECT_EQ(data["connections"][0]["learnable"], true);
  EXPECT_EQ(data["connections"][0]["kind"], "sparse");
  EXPECT_EQ(data["curve"][0]["block_norms"], nlohmann::json::parse(R"({"J_0_to_1":[1.25],"layer1/tau":[0.5]})"));
  EXPECT_EQ(data["curve"][1]["block_norms"], nlohmann::json::object());
  EXPECT_EQ(data["layers"][0]["stepwise"], false);
  EXPECT_EQ(data["layers"][1]["stepwise"], true);
  EXPECT_EQ(data["histograms"][0]["unit"], "Phi_0");
  EXPECT_EQ(data["layers"][1]["facts"], nlohmann::json::parse(R"([["tau","1"]])"));
  EXPECT_EQ(data["histograms"][0]["initial_counts"], nlohmann::json::parse("[2,2,2]"));
  EXPECT_EQ(bytes_of(data["examples"][0]["image"]), (std::vector<uint8_t>{0, 128, 255}));
}

TEST(Report, PacksTrajectoriesInSixteenBits) {
  const auto t = data_of(render_report(whole_report()))["examples"][0]["trajectories"][0];
  EXPECT_EQ(t["variable"], "v");
  EXPECT_EQ(t["meaning"], "potential");
  EXPECT_EQ(t["first"], 1);
  EXPECT_EQ(t["answers"], true);
  EXPECT_EQ(t["low"], -1);
  EXPECT_EQ(t["high"], 1);
  const auto            bytes = bytes_of(t["packed"]);
  std::vector<unsigned> codes;
  for (size_t i = 0; i < bytes.size(); i += 2) codes.push_back(bytes[i] | unsigned(bytes[i + 1]) << 8);
  EXPECT_EQ(codes, (std::vector<unsigned>{32767, 0, 65534, 65535}));  // 65535: not a number
}

TEST(Report, LeavesGapsWhereNothingWasMeasured) {
  Report r               = whole_report();
  r.curve[0].loss        = NAN;
  r.curve[1].loss        = INFINITY;
  r.histograms[0].mean   = NAN;
  r.yardsticks[0].value  = NAN;
  r.examples[0].image[0] = NAN;
  for (float& v : r.examples[0].trajectories[0].values) v = INFINITY;
  const auto data = data_of(render_report(r));
  EXPECT_TRUE(data["curve"][0]["loss"][0].is_null());
  EXPECT_TRUE(data["curve"][0]["seconds"][0].is_null());
  EXPECT_TRUE(data["curve"][1]["loss"][0].is_null());
  EXPECT_TRUE(data["curve"][1]["gradient"][0].is_null());
  EXPECT_TRUE(data["histograms"][0]["mean"].is_null());
  EXPECT_EQ(data["examples"][0]["trajectories"][0]["high"], 0);
}

TEST(Report, ThinsLongCurvesByMeansWithinAnEpoch) {
  Report r;
  for (int i = 0; i < 9000; ++i) r.curve.push_back({.epoch = 1 + i / 3000, .step = i + 1, .loss = double(i % 5)});
  const auto data = data_of(render_report(r));
  EXPECT_EQ(data["curve_thinned"], 5);
  const auto& split = data["curve"][0];
  ASSERT_EQ(split["loss"].size(), 1800u);
  EXPECT_EQ(split["loss"][7], 2.0);
  EXPECT_EQ(split["step"][0], 5);
  EXPECT_EQ(split["records"][0], 5);
  EXPECT_EQ(split["epoch"][600], 2);
}

TEST(Report, ThinsLargeTrajectories) {
  Report r;
  for (int k = 0; k < 4; ++k) {
    ReportExample e{.title = "long"};
    e.trajectories.push_back({.layer = "small", .steps = 10, .units = 3, .values = std::vector<float>(30)});
    e.trajectories.push_back({.layer = "large", .steps = 4000, .units = 200, .values = std::vector<float>(4000 * 200)});
    for (int64_t s = 0; s < 4000; ++s)
      for (int64_t u = 0; u < 200; ++u) e.trajectories[1].values[size_t(s * 200 + u)] = float(s);
    r.examples.push_back(std::move(e));
  }
  const std::string page = render_report(r);
  EXPECT_LT(page.size(), 1'000'000u);
  const auto all = data_of(page)["examples"][0]["trajectories"];
  EXPECT_EQ(all[0]["steps"], 10);  // small ones stay whole
  EXPECT_EQ(all[0]["units"], 3);
  const auto& t = all[1];
  EXPECT_EQ(t["all_units"], 200);
  EXPECT_EQ(t["steps"], (4000 + t["step_stride"].get<int>() - 1) / t["step_stride"].get<int>());
  EXPECT_EQ(t["units"], (200 + t["unit_stride"].get<int>() - 1) / t["unit_stride"].get<int>());
  EXPECT_LE(t["steps"].get<int>() * t["units"].get<int>(), 75'000);
  EXPECT_GT(t["steps"].get<int>() * t["units"].get<int>(), 40'000);
  EXPECT_EQ(bytes_of(t["packed"]).size(), 2u * t["steps"].get<size_t>() * t["units"].get<size_t>());
}

TEST(Report, IsTheSameTextForTheSameRun) { EXPECT_EQ(render_report(whole_report()), render_report(whole_report())); }

TEST(Report, ShowsOtherMetricsAsPlainNumbers) {
  const std::string page = render_report({.metric_name    = "mean_square",
                                          .metric_percent = false,
                                          .test_metric    = 0.01234,
                                          .yardsticks     = {{"zero", 0.05, ""}}});
  EXPECT_TRUE(contains(page, "test mean square"));
  EXPECT_TRUE(contains(page, "<p class=\"value\">0.01234</p>"));
  EXPECT_TRUE(contains(page, "0.05<span class=\"difference\">+0.03766</span>"));
  EXPECT_TRUE(contains(page, "width:24.7%"));
}

TEST(Report, ShowsSweepsUnderATitleOfTheirOwn) {
  Report r;
  r.kind   = "robustness";
  r.sweeps = {{"weak", "shift", {0, 0.5}, {0.9, 0.7}, {0, 0.1}, 4}};
  const std::string page = render_report(r);
  EXPECT_TRUE(contains(page, "<span>robustness report</span>"));
  EXPECT_TRUE(contains(page, R"({"name":"weak","level":"shift","levels":[0,0.5],"mean":[0.9,0.7],"deviation":[0,0.1],"repeats":4})"));
  r.sweeps[0].mean.pop_back();
  EXPECT_THROW(render_report(r), ShapeError);
  r.sweeps[0] = {.name = "none"};
  EXPECT_THROW(render_report(r), SpecError);
}

TEST(Report, RefusesArraysThatDoNotFit) {
  const std::pair<const char*, std::function<void(Report&)>> cases[] = {
      {"confusion: expected [2, 2], got [3]", [](Report& r) { r.confusion.pop_back(); }},
      {"probabilities of image 3: expected [2], got [1]", [](Report& r) { r.examples[0].probabilities.pop_back(); }},
      {"image of image 3: expected [1, 3], got [2]", [](Report& r) { r.examples[0].image.pop_back(); }},
      {"image of image 3: expected [any, 3]", [](Report& r) { r.examples[0].image_rows = -1; }},
      {"targets of image 3: expected [1], got [0]", [](Report& r) { r.examples[0].outputs = {1}; }},
      {"trajectory of out: expected [2, 2], got [3]",
       [](Report& r) { r.examples[0].trajectories[0].values.pop_back(); }},
      {"initial counts of J_0_to_1: expected [3], got [2]",
       [](Report& r) { r.histograms[0].initial_counts.pop_back(); }}};
  for (const auto& [message, spoil] : cases) {
    Report r = whole_report();
    spoil(r);
    try {
      render_report(r);
      ADD_FAILURE() << "no error: " << message;
    } catch (const ShapeError& error) { EXPECT_TRUE(contains(error.what(), message)) << error.what(); }
  }
}

TEST(Report, RefusesNamesOfWhatIsNotThere) {
  const std::pair<const char*, std::function<void(Report&)>> cases[] = {
      {"connection 'J_0_to_1' of the report has its end at layer 2, but there are 2 layers",
       [](Report& r) { r.connections[0].to = 2; }},
      {"has its end at layer -1", [](Report& r) { r.connections[0].from = -1; }},
      {"example 'image 3' has class 2, but there are 2 classes", [](Report& r) { r.examples[0].prediction = 2; }},
      {"histogram 'J_0_to_1' goes from 1 to 1", [](Report& r) { r.histograms[0].low = 1; }}};
  for (const auto& [message, spoil] : cases) {
    Report r = whole_report();
    spoil(r);
    try {
      render_report(r);
      ADD_FAILURE() << "no error: " << message;
    } catch (const SpecError& error) { EXPECT_TRUE(contains(error.what(), message)) << error.what(); }
  }
}

}  // namespace
}  // namespace dynode
