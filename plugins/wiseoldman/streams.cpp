// SPDX-License-Identifier: Apache-2.0
#include "streams.hpp"

#include "metrics.hpp"

namespace wiseoldman {

namespace {

using sluice::Kind;
using sluice::Stream;
using sluice::Type;

constexpr std::chrono::hours kHour{1};
constexpr std::chrono::hours kMonth{30 * 24};

void add_wide_columns(Stream& stream, const Metric& metric) {
  const SectionKind& kind = kSectionKinds[static_cast<std::size_t>(metric.section)];
  const std::string name(metric.name);
  const std::string path = "/data/" + std::string(kind.key) + "/" + name + "/";
  const auto add = [&](std::string_view member, Type type, std::string_view unit) {
    stream.col(name + "_" + std::string(member), type,
               {.unit = std::string(unit), .source_name = path + std::string(member)});
  };
  if (!kind.value.empty()) {
    add(kind.value, Type::kInt64, kind.unit);
  }
  if (metric.section == Section::kSkills) {
    add("level", Type::kInt32, "");
  }
  add("rank", Type::kInt64, "");
  if (!kind.hours.empty()) {
    add(kind.hours, Type::kFloat64, "h");
  }
}

}  // namespace

Stream group_stream() {
  return Stream("group", Kind::kSnapshot)
      .key("id")
      .refresh(kHour)
      .doc("The groups.")
      .col("id", Type::kInt64, {.doc = "Number of the group", .source_name = "/id"})
      .col("name", Type::kUtf8, {.doc = "Name", .source_name = "/name"})
      .col("clan_chat", Type::kUtf8, {.doc = "Name of its chat", .source_name = "/clanChat"})
      .col("description", Type::kUtf8, {.doc = "Text", .source_name = "/description"})
      .col("homeworld", Type::kInt32, {.doc = "Game world", .source_name = "/homeworld"})
      .col("verified", Type::kBool, {.doc = "Verified by the service", .source_name = "/verified"})
      .col("patron", Type::kBool, {.doc = "Supports the service", .source_name = "/patron"})
      .col("visible", Type::kBool, {.doc = "Is found by search", .source_name = "/visible"})
      .col("profile_image", Type::kUtf8, {.doc = "URL", .source_name = "/profileImage"})
      .col("banner_image", Type::kUtf8, {.doc = "URL", .source_name = "/bannerImage"})
      .col("score", Type::kInt64, {.doc = "The service's rating", .source_name = "/score"})
      .col("member_count", Type::kInt32, {.doc = "Members", .source_name = "/memberCount"})
      .col("social_links", Type::kJson, {.doc = "URLs by site", .source_name = "/socialLinks"})
      .col("role_orders", Type::kJson, {.doc = "Order of the roles", .source_name = "/roleOrders"})
      .col("created_at", Type::kTimestamp, {.doc = "Creation", .source_name = "/createdAt"})
      .col("updated_at", Type::kTimestamp, {.doc = "Last change", .source_name = "/updatedAt"});
}

Stream member_stream() {
  return Stream("members", Kind::kSnapshot)
      .key("group_id", "player_id")
      .refresh(kHour)
      .removed("left_at")
      .doc("Who is a member of which group, and who was.")
      .col("group_id", Type::kInt64, {.doc = "Number of the group", .source_name = "/groupId"})
      .col("player_id", Type::kInt64, {.doc = "Number of the player", .source_name = "/playerId"})
      .col("role", Type::kUtf8, {.doc = "Role in the group", .source_name = "/role"})
      .col("client_sync_joined_at", Type::kTimestamp,
           {.doc = "Joined the clan, as the game's client told",
            .source_name = "/clientSyncJoinedAt"})
      .col("created_at", Type::kTimestamp, {.doc = "Joined the group", .source_name = "/createdAt"})
      .col("updated_at", Type::kTimestamp,
           {.doc = "Last change of the membership", .source_name = "/updatedAt"})
      .col("left_at", Type::kTimestamp, {.doc = "When the membership was first missing"});
}

Stream player_stream() {
  return Stream("players", Kind::kSnapshot)
      .key("id")
      .refresh(kHour)
      .index("username")
      .doc("The players as they are now.")
      .col("id", Type::kInt64,
           {.doc = "Number of the player, which no change of name changes", .source_name = "/id"})
      .col("username", Type::kUtf8,
           {.nullable = false, .doc = "Name in standard form", .source_name = "/username"})
      .col("display_name", Type::kUtf8,
           {.doc = "Name with its capitals", .source_name = "/displayName"})
      .col("type", Type::kUtf8, {.doc = "regular, ironman, …", .source_name = "/type"})
      .col("build", Type::kUtf8, {.doc = "main, f2p, lvl3, …", .source_name = "/build"})
      .col("country", Type::kUtf8, {.doc = "ISO 3166 code", .source_name = "/country"})
      .col("status", Type::kUtf8,
           {.doc = "active, unranked, flagged, archived, banned", .source_name = "/status"})
      .col("patron", Type::kBool, {.doc = "Supports the service", .source_name = "/patron"})
      .col("exp", Type::kInt64,
           {.unit = "xp", .doc = "Experience of all skills", .source_name = "/exp"})
      .col("ehp", Type::kFloat64,
           {.unit = "h", .doc = "Efficient hours played", .source_name = "/ehp"})
      .col("ehb", Type::kFloat64,
           {.unit = "h", .doc = "Efficient hours bossed", .source_name = "/ehb"})
      .col("ttm", Type::kFloat64,
           {.unit = "h", .doc = "Hours to all skills at level 99", .source_name = "/ttm"})
      .col("tt200m", Type::kFloat64,
           {.unit = "h", .doc = "Hours to 200 million xp in all skills", .source_name = "/tt200m"})
      .col("registered_at", Type::kTimestamp,
           {.doc = "First known to the service", .source_name = "/registeredAt"})
      .col("updated_at", Type::kTimestamp, {.doc = "Last looked at", .source_name = "/updatedAt"})
      .col("last_changed_at", Type::kTimestamp,
           {.doc = "Last snapshot that differed", .source_name = "/lastChangedAt"})
      .col("last_imported_at", Type::kTimestamp,
           {.doc = "Last import of older history", .source_name = "/lastImportedAt"})
      .col("combat_level", Type::kInt32,
           {.doc = "Combat level; members: with details only", .source_name = "/combatLevel"})
      .col("archive", Type::kJson,
           {.doc = "Why and when archived; members: with details only", .source_name = "/archive"})
      .col("annotations", Type::kJson,
           {.doc = "Marks such as opt_out; members: with details only",
            .source_name = "/annotations"});
}

Stream snapshot_stream(const Selection& selection) {
  const bool wide = selection.config.layout == "wide";
  Stream stream("snapshots", Kind::kSeries);
  stream.time("created_at")
      .unordered()
      .doc("What the players had when.")
      .col("player_id", Type::kInt64, {.doc = "Number of the player", .source_name = "/playerId"})
      .col("created_at", Type::kTimestamp,
           {.doc = "Time of the snapshot", .source_name = "/createdAt"});
  if (!wide) {
    return stream.key("player_id", "metric", "created_at")
        .col("metric", Type::kUtf8, {.doc = "Name of the metric", .source_name = "metric"})
        .col("kind", Type::kUtf8,
             {.nullable = false, .doc = "skill, boss, activity, computed, or a section to come"})
        .col("value", Type::kInt64,
             {.doc = "Experience, kills or score; null: unranked, and for computed metrics",
              .source_name = "experience, kills, score"})
        .col("rank", Type::kInt64, {.doc = "Place; null: unranked", .source_name = "rank"})
        .col("level", Type::kInt32, {.doc = "Of skills", .source_name = "level"})
        .col("hours", Type::kFloat64,
             {.unit = "h",
              .doc = "Efficient hours of the metric; of computed ones the value",
              .source_name = "ehp, ehb, value"})
        .col("imported_at", Type::kTimestamp,
             {.doc = "When it came from elsewhere, if it did", .source_name = "/importedAt"});
  }
  stream.key("player_id", "created_at")
      .col("imported_at", Type::kTimestamp,
           {.doc = "When it came from elsewhere, if it did", .source_name = "/importedAt"});
  for (const Metric& metric : known_metrics()) {
    if (selection.wants_metric(metric.name)) {
      add_wide_columns(stream, metric);
    }
  }
  return stream.col("other", Type::kJson,
                    {.doc = "Metrics without columns, by section and name, as they came"});
}

Stream gained_stream(const Selection& selection) {
  const std::chrono::microseconds window = selection.config.gained_window.chrono();
  return Stream("gained", Kind::kSeries)
      .key("player_id", "metric", "window_start")
      .time("window_start")
      .step(window)
      .max_span(window)
      .doc("What was gained in each window of time.")
      .col("player_id", Type::kInt64, {.doc = "Number of the player", .source_name = "/player/id"})
      .col("metric", Type::kUtf8, {.doc = "Name of the metric"})
      .col("window_start", Type::kTimestamp, {.doc = "Begin of the window, inclusive"})
      .col("window_end", Type::kTimestamp,
           {.nullable = false, .doc = "End of the window, exclusive"})
      .col("gained", Type::kInt64,
           {.doc = "Experience, kills or score gained; null for computed metrics",
            .source_name = "gained"})
      .col("start_value", Type::kInt64, {.doc = "Before; null: unranked", .source_name = "start"})
      .col("end_value", Type::kInt64, {.doc = "After; null: unranked", .source_name = "end"})
      .col("gained_hours", Type::kFloat64,
           {.unit = "h",
            .doc = "Efficient hours gained; members of groups: of computed metrics only",
            .source_name = "gained"})
      .col("first_at", Type::kTimestamp,
           {.doc = "First snapshot in the window", .source_name = "/startDate"})
      .col("last_at", Type::kTimestamp,
           {.doc = "Last snapshot in the window", .source_name = "/endDate"});
}

Stream achievement_stream() {
  return Stream("achievements", Kind::kFiles)
      .key("player_id", "name")
      .refresh(kMonth)
      .doc("What the players have reached.")
      .col("player_id", Type::kInt64, {.doc = "Number of the player", .source_name = "/playerId"})
      .col("name", Type::kUtf8, {.doc = "Name, such as 99 Firemaking", .source_name = "/name"})
      .col("metric", Type::kUtf8, {.doc = "Name of the metric", .source_name = "/metric"})
      .col("measure", Type::kUtf8,
           {.doc = "experience, kills, levels, …", .source_name = "/measure"})
      .col("threshold", Type::kInt64,
           {.doc = "What had to be reached", .source_name = "/threshold"})
      .col("created_at", Type::kTimestamp,
           {.doc = "When it was reached; null: before the player was known",
            .source_name = "/createdAt"})
      .col("accuracy", Type::kInt64,
           {.unit = "ms",
            .doc = "How exact that time is; null: not known",
            .source_name = "/accuracy"});
}

Stream name_change_stream() {
  return Stream("name_changes", Kind::kFiles)
      .key("id")
      .refresh(kMonth)
      .index("player_id")
      .doc("Approved changes of name.")
      .col("id", Type::kInt64, {.doc = "Number of the change", .source_name = "/id"})
      .col("player_id", Type::kInt64,
           {.nullable = false, .doc = "Number of the player", .source_name = "/playerId"})
      .col("old_name", Type::kUtf8, {.doc = "Name before", .source_name = "/oldName"})
      .col("new_name", Type::kUtf8, {.doc = "Name after", .source_name = "/newName"})
      .col("status", Type::kUtf8, {.doc = "approved", .source_name = "/status"})
      .col("review_context", Type::kJson,
           {.doc = "What the reviewers saw", .source_name = "/reviewContext"})
      .col("resolved_at", Type::kTimestamp, {.doc = "Approval", .source_name = "/resolvedAt"})
      .col("created_at", Type::kTimestamp, {.doc = "Submission", .source_name = "/createdAt"})
      .col("updated_at", Type::kTimestamp, {.doc = "Last change", .source_name = "/updatedAt"});
}

std::vector<Stream> streams(const Selection& selection) {
  std::vector<Stream> out;
  if (!selection.config.groups.empty()) {
    out.push_back(group_stream());
    out.push_back(member_stream());
  }
  out.push_back(player_stream());
  out.push_back(snapshot_stream(selection));
  out.push_back(gained_stream(selection));
  for (Stream& stream : out) {
    stream.partitioned();  // by group, or player
  }
  out.push_back(achievement_stream());
  out.push_back(name_change_stream());
  return out;
}

}  // namespace wiseoldman
