// The API's own types, under the names that screens use. generated/api.d.ts is made from its OpenAPI document.
import type { components } from "../generated/api.js";
import type { ComponentChildren } from "../vendor/preact.js";

type Schemas = components["schemas"];

export type Children = ComponentChildren;
export type Integration = Schemas["PowerSchoolView"] | Schemas["PowerSchoolQueryView"] | Schemas["AeriesView"]
  | Schemas["IlluminateView"] | Schemas["SchoolToolView"] | Schemas["OneRosterView"];
export type District = Schemas["DistrictView"];
export type Run = Schemas["RunView"];
export type Approval = Schemas["ApprovalView"];
export type Change = Schemas["ChangeView"];
export type Issue = Schemas["IssueView"];
export type Proofs = Schemas["ProofsView"];
export type FamilyChange = Schemas["FamilyChangeView"];
export type RunFiles = Schemas["RunFilesView"];
export type Mapping = Schemas["MappingView"];
export type MappingHead = Schemas["MappingHead"];
export type Entity = Schemas["MappingHead"]["entity"];
export type Entry = Schemas["Entry"];
export type Findings = Schemas["FindingsView"];
export type Check = Schemas["CheckView"];
export type Suggestion = Schemas["SuggestionView"];
export type Schedule = Schemas["ScheduleView"];
export type Frequency = Schemas["ScheduleView"]["frequency"];
export type PlannedRuns = Schemas["PlannedRunsView"];
export type Blackout = Schemas["Blackout"];
export type Thresholds = Schemas["Thresholds"];
export type Notifications = Schemas["NotificationsView"];
export type Recipient = Schemas["RecipientView"];
export type NutritionTemplate = Schemas["TemplateView"];
export type NutritionColumn = Schemas["Column"];
export type AuditRecord = Schemas["AuditView"];
export type UnmappedPage = Schemas["UnmappedPage"];
export type UnmappedValue = Schemas["UnmappedView"];
export type ReturningSchool = Schemas["ReturningSchoolView"];
export type ReconciliationSummary = Schemas["ReconciliationSummary"];
export type ReconciliationPage = Schemas["ReconciliationView"];
export type ReconciliationRow = Schemas["RowView"];
export type Onboarding = Schemas["OnboardingView"];
export type OnboardingStep = Schemas["Step"];
export type ImportSummary = Schemas["ImportSummaryView"];
export type Brief = Schemas["BriefView"];
export type Twin = Schemas["TwinView"];
export type TwinCandidate = Schemas["TwinCandidateView"];
export type Person = Schemas["PersonView"];
export type PersonDetail = Schemas["PersonDetailView"];
export type Protection = Schemas["ProtectionView"];
export type Lineage = Schemas["LineageView"];
export type FieldLineage = Schemas["FieldView"];
export type PersonChange = Schemas["HistoryView"];

/** A page of a list; `next` is the cursor of the page after it. */
export interface Page<T> {
  items: T[];
  next: string | null;
}

/** One fault in a form: where, which rule, and what to do. */
export interface FieldFault {
  field: string;
  code: string;
  message: string;
}

/** The part of JSON Schema that forms are described with. */
export interface Schema {
  type?: string;
  title?: string;
  description?: string;
  default?: any;
  const?: any;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: { const: string; title: string }[];
  format?: string;
  writeOnly?: boolean;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  if?: Schema;
  then?: Schema;
  else?: Schema;
  "x-entity"?: Entity;
  "x-section"?: string;
  "x-warning"?: string;
}

export interface System {
  system: string;
  title: string;
  credentials: string[];
  form: Schema;
  existing: Schema;
}

export type Right = "viewer" | "operator" | "admin";

/** What /config.json says. */
export interface Config {
  sign_in: "oidc" | "local";
  /** Where the local stack gives a token. */
  token_url?: string;
  issuer?: string;
  client_id?: string;
  scope?: string;
  /** Offered by name, where they are known. */
  districts?: { id: string; name: string }[];
}

export interface Tokens {
  access_token: string;
  refresh_token?: string;
  id_token?: string;
  user?: string;
}
