// Made from the contract by `make gen`. Do not edit.

import type { CallOptions, Operation } from "./operation.js";

/** How recommendations are made. */
export type Algorithm =
  /** Not set: the same as ALGORITHM_AUTO. */
  | "ALGORITHM_UNSPECIFIED"
  /** The server's best blend for this user. */
  | "ALGORITHM_AUTO"
  /** User-based collaborative filtering: what users with correlated ratings liked. */
  | "ALGORITHM_COLLABORATIVE"
  /** Items near in meaning to those the user liked. */
  | "ALGORITHM_CONTENT"
  /** What everybody rates highly. */
  | "ALGORITHM_POPULAR"
  /** Item-item: what goes with the items the user rated, by weights that training learned from all ratings. */
  | "ALGORITHM_ITEM_ITEM"
  /** Matrix factorisation: items whose factors fit the user's, which are folded in from the user's own ratings. */
  | "ALGORITHM_MATRIX_FACTORIZATION";

/** What was done to an item. */
export type AuditAction =
  /** Never sent. */
  | "AUDIT_ACTION_UNSPECIFIED"
  /** It was added. */
  | "AUDIT_ACTION_CREATE"
  /** Fields of it were changed. */
  | "AUDIT_ACTION_UPDATE"
  /** It was hidden. */
  | "AUDIT_ACTION_HIDE"
  /** It was shown again. */
  | "AUDIT_ACTION_UNHIDE";

/** One change of the catalogue. */
export interface AuditEntry {
  /** The entry's id, at least 1; later entries have higher ones. */
  audit_entry_id: number;
  /** When it was done. */
  create_time?: string;
  /** The admin who did it; 0 when the account is gone. */
  user_id: number;
  /** The admin's email address; empty when the account is gone. */
  email: string;
  /** What was done. */
  action: AuditAction;
  /** The item it was done to. */
  item_id: number;
  /** Whether that is a film or a book. */
  item_type: ItemType;
  /** The item's title, as it is now. */
  title: string;
  /** The fields that changed, by their names, as they were; null for what was unknown. `hidden` is true or false. */
  before?: Record<string, unknown>;
  /** The same fields as they became. */
  after?: Record<string, unknown>;
}

/** Which fields are wrong; comes with `ERROR_REASON_INVALID_FIELD`. */
export interface BadRequest {
  "@type": "type.googleapis.com/google.rpc.BadRequest";
  /** One for each rule that was broken. */
  field_violations: Array<{
    /** The field's path, such as `user.name`. */
    field: string;
    /** What is allowed, for people. */
    description: string;
    /** The rule's id; may be empty. */
    reason: string;
  }>;
}

/** A book. */
export interface Book {
  /** The book's id, at least 1. It is also its `item_id` in ratings and recommendations. */
  book_id: number;
  /** The title in Latin script, as people search for it in English. */
  title: string;
  /** The title in the language and script the book was written in; equal to `title` when there is no other. */
  original_title: string;
  /** The year of first publication; 0 when unknown. */
  year: number;
  /** The language it was written in as ISO 639-1 code; empty when unknown. */
  language: string;
  /** Genres in English: Classic, Fantasy, Memoir… */
  genres: Array<string>;
  /** The authors' names. */
  authors: Array<string>;
  /** A few lower-case words on what it is about. */
  keywords: Array<string>;
  /** The story in a few sentences; empty when there is none. */
  synopsis: string;
  /** Number of pages of a usual edition; 0 when unknown. */
  page_count: number;
  /** ISBN-13 of a usual edition, digits only; empty when unknown. */
  isbn13: string;
  /** How it has been rated. */
  ratings?: RatingSummary;
}

/** A book as an admin describes it. */
export interface BookEntry {
  /** The title in Latin script, at most 500 characters; not blank. */
  title?: string;
  /** The title in the language and script it was written in, at most 500 characters; empty means that it is `title`. */
  original_title?: string;
  /** The year of first publication, 1 to 3000; 0 when unknown. */
  year?: number;
  /** The language it was written in as ISO 639-1 code, two lower-case letters; empty when unknown. */
  language?: string;
  /** Genres in English, at most 30 of at most 64 characters. */
  genres?: Array<string>;
  /** The authors' names, at most 30 of at most 200 characters. */
  authors?: Array<string>;
  /** A few lower-case words on what it is about, at most 50 of at most 64 characters. */
  keywords?: Array<string>;
  /** The story in a few sentences, at most 10,000 characters; may be empty. */
  synopsis?: string;
  /** Number of pages of a usual edition, 1 to 30,000; 0 when unknown. */
  page_count?: number;
  /** ISBN-13 of a usual edition, digits only, which no other book may have; empty when unknown. */
  isbn13?: string;
}

/** The order of a catalogue listing. Ties are broken by id. */
export type CatalogOrder =
  /** Not set: the same as CATALOG_ORDER_ADDED. */
  | "CATALOG_ORDER_UNSPECIFIED"
  /** In the order in which entries came into the catalogue, which is by id. */
  | "CATALOG_ORDER_ADDED"
  /** By title, A to Z, ignoring case. */
  | "CATALOG_ORDER_TITLE"
  /** Latest year first; entries without a year last. */
  | "CATALOG_ORDER_NEWEST";

/** The old password and the new. */
export interface ChangePasswordRequest {
  /** The password in use, 1 to 72 bytes in UTF-8. */
  current_password: string;
  /** The new password: at least 6 characters (the server may ask for more) and at most 72 bytes in UTF-8. */
  new_password: string;
}

/** The new session. */
export interface ChangePasswordResponse {
  /** The new access token. */
  access_token: string;
  /** The new refresh token. */
  refresh_token: string;
  /** Seconds until the access token stops working. */
  expires_in: number;
  /** Always `Bearer`. */
  token_type: string;
}

/** The book to add. */
export interface CreateBookRequest {
  /** Its fields; only `title` is needed. */
  book: BookEntry;
}

/** The new book. */
export interface CreateBookResponse {
  /** The book with its id. */
  book?: Book;
}

/** The film to add. */
export interface CreateMovieRequest {
  /** Its fields; only `title` is needed. */
  movie: MovieEntry;
}

/** The new film. */
export interface CreateMovieResponse {
  /** The film with its id. */
  movie?: Movie;
}

/** The account is gone. */
export interface DeleteMeResponse {
}

/** The rating is gone. */
export interface DeleteRatingResponse {
}

/** The body of every error: a `google.rpc.Status`. */
export interface Error {
  /** The gRPC status code (not the HTTP one). */
  code: number;
  /** What went wrong, for people; it may change. */
  message: string;
  /** An ErrorInfo, and more where they help; empty when the gateway itself refused. */
  details: Array<ErrorInfo | BadRequest | RetryInfo>;
}

/** Why the call failed, for programs. */
export interface ErrorInfo {
  "@type": "type.googleapis.com/google.rpc.ErrorInfo";
  /** What programs branch on. */
  reason: ErrorReason;
  /** Who defines the reason. */
  domain: "cinelibre";
  /** More about it, as names and values. */
  metadata: Record<string, string>;
}

/** Why a call failed: the `reason` of the `google.rpc.ErrorInfo` (domain `cinelibre`) that every error carries. Programs branch on these names; the message beside them is for people and may change. */
export type ErrorReason =
  /** Never sent. */
  | "ERROR_REASON_UNSPECIFIED"
  /** INVALID_ARGUMENT. One or more fields are not as the contract says; `google.rpc.BadRequest` names each and what is allowed. */
  | "ERROR_REASON_INVALID_FIELD"
  /** INVALID_ARGUMENT. The page token is not one of ours, or was made for another filter, order or user. Start again without it. */
  | "ERROR_REASON_INVALID_PAGE_TOKEN"
  /** INVALID_ARGUMENT. The update mask is empty or names a field that can't be changed; the metadata lists those that can. */
  | "ERROR_REASON_INVALID_UPDATE_MASK"
  /** INVALID_ARGUMENT. The values break a rule of the data model that no single field shows. */
  | "ERROR_REASON_CONSTRAINT_VIOLATED"
  /** UNAUTHENTICATED. The call needs a signed-in user and carries no `authorization: Bearer` token. */
  | "ERROR_REASON_TOKEN_MISSING"
  /** UNAUTHENTICATED. The access token is malformed, forged, or signed with a key the server doesn't know. */
  | "ERROR_REASON_TOKEN_INVALID"
  /** UNAUTHENTICATED. The access token's time is over: get a new one with RefreshToken or Login. */
  | "ERROR_REASON_TOKEN_EXPIRED"
  /** UNAUTHENTICATED. The session ended by logout, password change, account deletion or token reuse: log in again. */
  | "ERROR_REASON_SESSION_REVOKED"
  /** UNAUTHENTICATED. Unknown email or wrong password; which of the two is not said. */
  | "ERROR_REASON_INVALID_CREDENTIALS"
  /** UNAUTHENTICATED. The refresh token is unknown, expired or revoked: log in again. */
  | "ERROR_REASON_REFRESH_TOKEN_INVALID"
  /** UNAUTHENTICATED. The refresh token was used before, so somebody may have copied it; the whole session is now revoked. */
  | "ERROR_REASON_REFRESH_TOKEN_REUSED"
  /** ALREADY_EXISTS. An account with this email exists. */
  | "ERROR_REASON_EMAIL_TAKEN"
  /** ALREADY_EXISTS. Something with the same unique value exists. */
  | "ERROR_REASON_CONFLICT"
  /** NOT_FOUND. No film or book that is not hidden has this id (or no film, or no book, where only one of them can be meant). */
  | "ERROR_REASON_ITEM_NOT_FOUND"
  /** NOT_FOUND. You have not rated this item. */
  | "ERROR_REASON_RATING_NOT_FOUND"
  /** FAILED_PRECONDITION. The call refers to something that is gone. */
  | "ERROR_REASON_REFERENCE_MISSING"
  /** RESOURCE_EXHAUSTED. Too many calls; `google.rpc.RetryInfo` says when to try again. */
  | "ERROR_REASON_RATE_LIMITED"
  /** ABORTED. Two writes met; try the call again. */
  | "ERROR_REASON_CONCURRENT_UPDATE"
  /** DEADLINE_EXCEEDED. The call took longer than its deadline or the server's own limit. */
  | "ERROR_REASON_DEADLINE_EXCEEDED"
  /** UNAVAILABLE. The database can't be reached just now; `google.rpc.RetryInfo` says when to try again. */
  | "ERROR_REASON_DATABASE_UNAVAILABLE"
  /** UNAVAILABLE. The server is starting or stopping; try again. */
  | "ERROR_REASON_SERVER_NOT_READY"
  /** INTERNAL. A fault of the server; its log has the details under the call's `x-request-id`. */
  | "ERROR_REASON_INTERNAL"
  /** UNIMPLEMENTED. There is no such RPC on this server. */
  | "ERROR_REASON_UNKNOWN_METHOD"
  /** PERMISSION_DENIED. Only admins may do this; whoever runs the server makes one with `cinelibre users promote EMAIL`. */
  | "ERROR_REASON_ADMIN_REQUIRED";

/** The last record of an export: the stream is complete. */
export interface ExportEnd {
  /** How many session records came before. */
  session_count: number;
  /** How many rating records came before. */
  rating_count: number;
  /** How many interaction records came before. */
  interaction_count: number;
}

/** One record of the export. */
export interface ExportMyDataResponse {
  /** The account; the first record. */
  user?: User;
  /** One session. */
  session?: Session;
  /** One rating. */
  rating?: Rating;
  /** One interaction. */
  interaction?: Interaction;
  /** The last record. */
  end?: ExportEnd;
}

/** The book. */
export interface GetBookResponse {
  /** The book that was asked for. */
  book?: Book;
  /** The stars the signed-in caller is expected to give, 0.5 to 5.0; absent without a caller, or before anything was learned. */
  predicted_stars?: number;
}

/** How the server is. */
export interface GetHealthResponse {
  /** SERVING when the database answers; without its model, search still goes by words. */
  status: ServingStatus;
  /** The product's name: `cinelibre`. */
  name: string;
  /** The server's version. */
  version: string;
  /** The database. */
  database: ServingStatus;
  /** The embedding model. Not serving: the catalogue was embedded with another one meanwhile (`cinelibre embed`), and until the server is started with that one, search goes by words and names alone. */
  model: ServingStatus;
  /** The model's name. */
  model_name: string;
  /** Where the API reference is: `/docs`. */
  docs_path: string;
}

/** The signed-in user. */
export interface GetMeResponse {
  /** The account. */
  user?: User;
}

/** The film. */
export interface GetMovieResponse {
  /** The film that was asked for. */
  movie?: Movie;
  /** The stars the signed-in caller is expected to give, 0.5 to 5.0; absent without a caller, or before anything was learned. */
  predicted_stars?: number;
}

/** The item is hidden. */
export interface HideItemResponse {
}

/** A part of a snippet. */
export interface Highlight {
  /** The first character, counted from 0 in Unicode code points. */
  start: number;
  /** The character after the last. */
  end: number;
}

/** What became of an imported rating, or would become of it. */
export type ImportOutcome =
  /** Never sent. */
  | "IMPORT_OUTCOME_UNSPECIFIED"
  /** The caller had not rated the item. */
  | "IMPORT_OUTCOME_NEW"
  /** It took the place of a rating with other stars that is not newer. */
  | "IMPORT_OUTCOME_CHANGED"
  /** The rating that the caller has here stays: it has the same stars or is newer. */
  | "IMPORT_OUTCOME_KEPT";

/** Why a row became no rating. */
export type ImportProblem =
  /** Never sent. */
  | "IMPORT_PROBLEM_UNSPECIFIED"
  /** The catalogue has no such film or book. */
  | "IMPORT_PROBLEM_NOT_FOUND"
  /** Several items fit equally well. */
  | "IMPORT_PROBLEM_AMBIGUOUS"
  /** It is neither a film nor a book: a series, an episode, a game. */
  | "IMPORT_PROBLEM_NOT_SUPPORTED"
  /** The row is not as the format has it. */
  | "IMPORT_PROBLEM_UNREADABLE";

/** A whole file to import. */
export interface ImportRatingsFileRequest {
  /** The file's text, at most 1,000,000 bytes in UTF-8. */
  text?: string;
  /** The file's bytes, at most 1,000,000; for a zip. */
  content?: string;
  /** Where the file is from; not set means that the content tells. */
  format?: RatingsFormat;
  /** True only shows what an import would do. */
  preview?: boolean;
}

/** What the import did. */
export interface ImportRatingsFileResponse {
  /** The outcome. */
  report?: ImportReport;
}

/** The outcome of an import or of its preview. */
export interface ImportReport {
  /** Where the file is from. */
  format: RatingsFormat;
  /** True if nothing was stored. */
  preview: boolean;
  /** Ratings of items that the caller had not rated. */
  new_count: number;
  /** Ratings that took the place of others. */
  changed_count: number;
  /** Ratings that the caller has here already, with the same stars or newer. */
  kept_count: number;
  /** Ratings that have a later one of the same item in the file; they are left out. */
  repeated_count: number;
  /** Rows without a rating. */
  unrated_count: number;
  /** Rows that became no rating. */
  unmatched_count: number;
  /** The new, changed and kept ratings in the file's order, at most the first 1,000. */
  matches: Array<ImportedRating>;
  /** The rows that became no rating, in the file's order, at most the first 1,000. */
  unmatched: Array<UnmatchedRow>;
}

/** A rating of the file, and the item it is of. */
export interface ImportedRating {
  /** The line on which it begins, from 1; in JSON its place in the array. */
  line: number;
  /** The title in the file. */
  title: string;
  /** The item. */
  item_id: number;
  /** The item's title in the catalogue. */
  item_title: string;
  /** 0.5 to 5.0 in steps of 0.5. */
  stars: number;
  /** When it was given; absent if the file doesn't say. */
  rate_time?: string;
  /** What became of it. */
  outcome: ImportOutcome;
}

/** One recorded interaction. */
export interface Interaction {
  /** What the user did. */
  kind: InteractionKind;
  /** The item it was done to; 0 for a search. */
  item_id: number;
  /** The text searched for; empty where there is none. */
  query: string;
  /** The item's place in the list, the first is 1; 0 when not known. */
  position: number;
  /** When it happened. */
  create_time?: string;
}

/** What the user did. */
export type InteractionKind =
  /** Not set; refused. */
  | "INTERACTION_KIND_UNSPECIFIED"
  /** Opened an item's page. */
  | "INTERACTION_KIND_VIEW"
  /** Chose an item in a list. */
  | "INTERACTION_KIND_CLICK"
  /** Searched. */
  | "INTERACTION_KIND_SEARCH";

/** A film or a book, where either can appear. */
export interface Item {
  /** The id to use in ratings and interactions. */
  item_id: number;
  /** Which of the two it is. */
  item_type: ItemType;
  /** Set when `item_type` is ITEM_TYPE_MOVIE. */
  movie?: Movie;
  /** Set when `item_type` is ITEM_TYPE_BOOK. */
  book?: Book;
}

/** What an item is. Films and books share one id space. */
export type ItemType =
  /** Not set: as a filter, films and books alike. */
  | "ITEM_TYPE_UNSPECIFIED"
  /** A film. */
  | "ITEM_TYPE_MOVIE"
  /** A book. */
  | "ITEM_TYPE_BOOK";

/** A page of changes. */
export interface ListAuditEntriesResponse {
  /** The changes of this page. */
  entries: Array<AuditEntry>;
  /** Give it as `page_token` to get the next page; empty on the last page. */
  next_page_token: string;
}

/** A page of books. */
export interface ListBooksResponse {
  /** The books of this page. */
  books: Array<Book>;
  /** Give it as `page_token` to get the next page; empty on the last page. */
  next_page_token: string;
}

/** A page of films. */
export interface ListMoviesResponse {
  /** The films of this page. */
  movies: Array<Movie>;
  /** Give it as `page_token` to get the next page; empty on the last page. */
  next_page_token: string;
}

/** A page of ratings. */
export interface ListMyRatingsResponse {
  /** The ratings of this page with their items. */
  ratings: Array<RatedItem>;
  /** Give it as `page_token` to get the next page; empty on the last page. */
  next_page_token: string;
}

/** A page of recommendations, the best first. */
export interface ListPersonalizedResponse {
  /** The recommendations of this page. */
  recommendations: Array<Recommendation>;
  /** Give it as `page_token` to get the next page; empty on the last page. */
  next_page_token: string;
  /** The strategy that answered: what AUTO chose, or what was asked for. */
  algorithm: Algorithm;
}

/** A page of popular items, the best first. */
export interface ListPopularResponse {
  /** The items of this page; `score` is the damped mean in stars. */
  recommendations: Array<Recommendation>;
  /** Give it as `page_token` to get the next page; empty on the last page. */
  next_page_token: string;
}

/** A page of similar items, the nearest first. */
export interface ListSimilarResponse {
  /** The items of this page; `score` is the cosine similarity, -1 to 1. */
  recommendations: Array<Recommendation>;
  /** Give it as `page_token` to get the next page; empty on the last page. */
  next_page_token: string;
}

/** Who signs in. */
export interface LoginRequest {
  /** The email address of the account, 1 to 254 characters. */
  email: string;
  /** The password, 1 to 72 bytes in UTF-8. */
  password: string;
}

/** A new session. */
export interface LoginResponse {
  /** Send it as `authorization: Bearer <access_token>`. */
  access_token: string;
  /** Exchange it with RefreshToken; keep it secret. */
  refresh_token: string;
  /** Seconds until the access token stops working. */
  expires_in: number;
  /** Always `Bearer`. */
  token_type: string;
  /** The account. */
  user?: User;
}

/** Which sessions to end. */
export interface LogoutRequest {
  /** True ends all sessions of the user, false only the one that calls. */
  all_sessions?: boolean;
}

/** What was ended. */
export interface LogoutResponse {
  /** How many sessions were ended. */
  ended_sessions: number;
}

/** A part of an item. */
export type MatchedField =
  /** Not known. */
  | "MATCHED_FIELD_UNSPECIFIED"
  /** The title, or another title that it has. */
  | "MATCHED_FIELD_TITLE"
  /** The people, the year or the genres. */
  | "MATCHED_FIELD_CREDITS"
  /** A passage of the synopsis. */
  | "MATCHED_FIELD_SYNOPSIS"
  /** The whole item is like the one that the query names. */
  | "MATCHED_FIELD_SIMILAR_ITEM";

/** A film. */
export interface Movie {
  /** The film's id, at least 1. It is also its `item_id` in ratings and recommendations. */
  movie_id: number;
  /** The title in Latin script, as people search for it in English. */
  title: string;
  /** The title in the film's own language and script; equal to `title` when there is no other. */
  original_title: string;
  /** The year of first release; 0 when unknown. */
  year: number;
  /** The main language as ISO 639-1 code: hi, ta, te, ml, kn, bn, mr, gu, pa…; empty when unknown. */
  language: string;
  /** Genres in English: Drama, Romance, Thriller… */
  genres: Array<string>;
  /** The directors' names. */
  directors: Array<string>;
  /** The main cast's names, the leading parts first. */
  cast: Array<string>;
  /** A few lower-case words on what it is about. */
  keywords: Array<string>;
  /** The story in a few sentences; empty when there is none. */
  synopsis: string;
  /** Length in minutes; 0 when unknown. */
  runtime_minutes: number;
  /** The IMDb id, `tt` and 7 or 8 digits; empty when unknown. */
  imdb_id: string;
  /** How it has been rated. */
  ratings?: RatingSummary;
}

/** A film as an admin describes it. */
export interface MovieEntry {
  /** The title in Latin script, at most 500 characters; not blank. */
  title?: string;
  /** The title in the film's own language and script, at most 500 characters; empty means that it is `title`. */
  original_title?: string;
  /** The year of first release, 1 to 3000; 0 when unknown. */
  year?: number;
  /** The main language as ISO 639-1 code, two lower-case letters; empty when unknown. */
  language?: string;
  /** Genres in English, at most 30 of at most 64 characters. */
  genres?: Array<string>;
  /** The directors' names, at most 30 of at most 200 characters. */
  directors?: Array<string>;
  /** The main cast's names, the leading parts first; at most 100 of at most 200 characters. */
  cast?: Array<string>;
  /** A few lower-case words on what it is about, at most 50 of at most 64 characters. */
  keywords?: Array<string>;
  /** The story in a few sentences, at most 10,000 characters; may be empty. */
  synopsis?: string;
  /** Length in minutes, 1 to 10,000; 0 when unknown. */
  runtime_minutes?: number;
  /** The IMDb id, `tt` and 7 to 10 digits, which no other film may have; empty when unknown. */
  imdb_id?: string;
}

/** The ratings that popularity looks at. */
export type PopularWindow =
  /** Not set: the same as POPULAR_WINDOW_ALL_TIME. */
  | "POPULAR_WINDOW_UNSPECIFIED"
  /** All ratings. */
  | "POPULAR_WINDOW_ALL_TIME"
  /** Ratings made or changed in the last 30 days. */
  | "POPULAR_WINDOW_30_DAYS";

/** A rating to store. */
export interface RateItemRequest {
  /** The film's or book's id, at least 1. */
  item_id: number;
  /** 0.5 to 5.0 in steps of 0.5. */
  stars: 0.5 | 1.0 | 1.5 | 2.0 | 2.5 | 3.0 | 3.5 | 4.0 | 4.5 | 5.0;
}

/** The rating as it is stored now. */
export interface RateItemResponse {
  /** The rating. */
  rating?: Rating;
}

/** A rating with the item it is of. */
export interface RatedItem {
  /** The rating. */
  rating?: Rating;
  /** The film or book. */
  item?: Item;
}

/** One user's rating of one item. */
export interface Rating {
  /** The item that was rated. */
  item_id: number;
  /** 0.5 to 5.0 in steps of 0.5. */
  stars: number;
  /** When it was first rated. */
  create_time?: string;
  /** When the rating was last changed. */
  update_time?: string;
}

/** How an item has been rated by everybody. */
export interface RatingSummary {
  /** How many users rated it. */
  rating_count: number;
  /** Their mean in stars, 0.5 to 5.0; absent when nobody rated it. */
  mean_stars?: number;
}

/** Where a file of ratings is from. */
export type RatingsFormat =
  /** Not set: the content tells. */
  | "RATINGS_FORMAT_UNSPECIFIED"
  /** Letterboxd: CSV with Date, Name, Year, Letterboxd URI and Rating, or the zip with ratings.csv. */
  | "RATINGS_FORMAT_LETTERBOXD"
  /** IMDb: CSV with Const and Your Rating (or You rated, before 2017). */
  | "RATINGS_FORMAT_IMDB"
  /** Goodreads: CSV with Book Id, Title, Author and My Rating. */
  | "RATINGS_FORMAT_GOODREADS"
  /** Trakt: a JSON array of objects with rating and movie. */
  | "RATINGS_FORMAT_TRAKT";

/** A recommended item. */
export interface Recommendation {
  /** The film or book. */
  item?: Item;
  /** How well it fits, higher is better. It orders the list; its scale depends on `source`. */
  score: number;
  /** Why it is here, in a sentence for people. */
  reason: string;
  /** The algorithm that found it. */
  source: Algorithm;
  /** The stars the caller is expected to give, 0.5 to 5.0; absent where there is no prediction. */
  predicted_stars?: number;
  /** Items of the caller's that led to it, the strongest first; may be empty. */
  because_item_ids: Array<number>;
}

/**
 * An interaction to record.
 *
 * Rule: item_id must be set (1 or more) for a view or a click.
 *
 * Rule: query must be set for a search.
 */
export interface RecordInteractionRequest {
  /** What the user did. */
  kind: Exclude<InteractionKind, "INTERACTION_KIND_UNSPECIFIED">;
  /** The item it was done to; needed for a view and a click, absent or 0 for a search. */
  item_id?: number;
  /** The text searched for, at most 1,000 characters; needed for a search. */
  query?: string;
  /** The item's place in the list, the first is 1; 0 when not known. At most 10,000. */
  position?: number;
}

/** The interaction is stored. */
export interface RecordInteractionResponse {
  /** When the server recorded it. */
  create_time?: string;
}

/** The refresh token to exchange. */
export interface RefreshTokenRequest {
  /** The latest refresh token of the session, at most 512 characters. */
  refresh_token: string;
}

/** The session's next pair of tokens. */
export interface RefreshTokenResponse {
  /** The new access token. */
  access_token: string;
  /** The new refresh token; the one that was sent no longer works. */
  refresh_token: string;
  /** Seconds until the access token stops working. */
  expires_in: number;
  /** Always `Bearer`. */
  token_type: string;
}

/** A new account. */
export interface RegisterRequest {
  /** The email address to sign in with, at most 254 characters; must not be in use. */
  email: string;
  /** The password: at least 6 characters (the server may ask for more) and at most 72 bytes in UTF-8. */
  password: string;
  /** The name to show, at most 100 characters; may be empty. */
  name?: string;
}

/** The new account and its first session. */
export interface RegisterResponse {
  /** The account. */
  user?: User;
  /** Send it as `authorization: Bearer <access_token>`. */
  access_token: string;
  /** Exchange it with RefreshToken; keep it secret. */
  refresh_token: string;
  /** Seconds until the access token stops working. */
  expires_in: number;
  /** Always `Bearer`. */
  token_type: string;
}

/** When to try again; comes with `429` and `503`. */
export interface RetryInfo {
  "@type": "type.googleapis.com/google.rpc.RetryInfo";
  /** How long to wait at least, in seconds. */
  retry_delay: string;
}

/** One found item. */
export interface SearchHit {
  /** The film or book. */
  item?: Item;
  /** How well it fits, 0 to 1; higher is better. Only scores of one query can be compared. */
  score: number;
  /** Why it was found, in a sentence for people. */
  reason: string;
  /** What of the item fits best. */
  matched_field: MatchedField;
  /** The passage of the synopsis that fits best; empty if it was not the synopsis that fits. */
  snippet: string;
  /** The words of the query in the snippet. */
  highlights: Array<Highlight>;
}

/** A page of hits, the best first. */
export interface SemanticSearchResponse {
  /** The hits of this page. */
  hits: Array<SearchHit>;
  /** Give it as `page_token` to get the next page; empty on the last page. */
  next_page_token: string;
  /** A title that the caller may have meant, where the query is nearly one; empty if there is none, or the query is right. */
  did_you_mean: string;
}

/** The state of the server or of a part of it. */
export type ServingStatus =
  /** Never sent. */
  | "SERVING_STATUS_UNSPECIFIED"
  /** It answers. */
  | "SERVING_STATUS_SERVING"
  /** It can't answer just now. */
  | "SERVING_STATUS_NOT_SERVING";

/** A time of being signed in, from Login or Register to logout or expiry. */
export interface Session {
  /** The session's id (a UUID). */
  session_id: string;
  /** When the user signed in. */
  create_time?: string;
  /** When its refresh token stops working. */
  expire_time?: string;
  /** When it was revoked; absent while it is active. */
  revoke_time?: string;
}

/** Titles, the likeliest first. */
export interface SuggestResponse {
  /** The titles. */
  suggestions: Array<Suggestion>;
}

/** A title that begins like what was typed. */
export interface Suggestion {
  /** The film or book. */
  item_id: number;
  /** Whether it is a film or a book. */
  item_type: ItemType;
  /** The title that fits, in the script in which it does. */
  text: string;
  /** The title in English. */
  title: string;
  /** The year; 0 if unknown. */
  year: number;
}

/** The item is shown. */
export interface UnhideItemResponse {
}

/** A row that became no rating. */
export interface UnmatchedRow {
  /** The line on which it begins, from 1; in JSON its place in the array. */
  line: number;
  /** The title in the file; empty if it could not be read. */
  title: string;
  /** Why, for programs. */
  problem: ImportProblem;
  /** Why, for people. */
  detail: string;
}

/** The book after the change. */
export interface UpdateBookResponse {
  /** The book. */
  book?: Book;
}

/** What to change. */
export interface UpdateMeRequest {
  /**
   * The new values; only fields in the mask are read.
   *
   * Rule: name must be at most 100 characters.
   */
  user: UserInput;
  /** The fields to change; only `name` is allowed. In JSON a string: "name". */
  update_mask?: string;
}

/** The user after the change. */
export interface UpdateMeResponse {
  /** The account. */
  user?: User;
}

/** The film after the change. */
export interface UpdateMovieResponse {
  /** The film. */
  movie?: Movie;
}

/** An account, as its owner sees it. */
export interface User {
  /** The user's id, at least 1. */
  user_id: number;
  /** The email address, as given at registration. */
  email: string;
  /** The name to show; may be empty. */
  name: string;
  /** When the account was made. */
  create_time?: string;
  /** What the user may do; it can't be changed over the API. */
  role: UserRole;
}

/** An account, as its owner sees it. */
export interface UserInput {
  /** The user's id, at least 1. */
  user_id?: number;
  /** The email address, as given at registration. */
  email?: string;
  /** The name to show; may be empty. */
  name?: string;
  /** When the account was made. */
  create_time?: string;
  /** What the user may do; it can't be changed over the API. */
  role?: UserRole;
}

/** What a user may do. */
export type UserRole =
  /** Never sent. */
  | "USER_ROLE_UNSPECIFIED"
  /** What every account may do. */
  | "USER_ROLE_USER"
  /** Changes the catalogue as well: AdminService. */
  | "USER_ROLE_ADMIN";

/** The request of UpdateMovie. */
export type UpdateMovieRequest = {
  /** The film's id, at least 1. */
  movie_id: number;
} & {
    /** The new values; only fields in the mask are used, but all must be valid. */
    movie: MovieEntry;
    /** The fields to change, by their names in MovieEntry. In JSON a string: "title,originalTitle". */
    update_mask?: string;
  };

/** The request of UpdateBook. */
export type UpdateBookRequest = {
  /** The book's id, at least 1. */
  book_id: number;
} & {
    /** The new values; only fields in the mask are used, but all must be valid. */
    book: BookEntry;
    /** The fields to change, by their names in BookEntry. In JSON a string: "title,originalTitle". */
    update_mask?: string;
  };

/** The request of HideItem. */
export type HideItemRequest = {
  /** The id of a film or book, at least 1. */
  item_id: number;
};

/** The request of UnhideItem. */
export type UnhideItemRequest = {
  /** The id of a film or book, at least 1. */
  item_id: number;
};

/** The request of ListAuditEntries. */
export type ListAuditEntriesRequest = {
  /** Entries a page, 1 to 100; 0 or absent means 20. */
  page_size?: number;
  /** The `next_page_token` of the page before, with the same `item_id`; empty for the first page. */
  page_token?: string;
  /** Only changes of this item; 0 or absent means of all. */
  item_id?: number;
};

/** The request of ListMovies. */
export type ListMoviesRequest = {
  /** Entries a page, 1 to 100; 0 or absent means 20. */
  page_size?: number;
  /** The `next_page_token` of the page before, with the same filters and order; empty for the first page. */
  page_token?: string;
  /** Only these languages (ISO 639-1, two lower-case letters); none means all. At most 30. */
  languages?: Array<string>;
  /** Only entries of at least one of these genres, case ignored; none means all. At most 30. */
  genres?: Array<string>;
  /** Only from this year on, 0 to 3000; 0 or absent means no limit. */
  year_from?: number;
  /** Only up to this year, 0 to 3000; 0 or absent means no limit. */
  year_to?: number;
  /** Only titles (or original titles) that contain this text, case ignored; at most 200 characters. */
  title_contains?: string;
  /** The order of the list. */
  order?: CatalogOrder;
};

/** The request of GetMovie. */
export type GetMovieRequest = {
  /** The film's id, at least 1. */
  movie_id: number;
};

/** The request of ListBooks. */
export type ListBooksRequest = {
  /** Entries a page, 1 to 100; 0 or absent means 20. */
  page_size?: number;
  /** The `next_page_token` of the page before, with the same filters and order; empty for the first page. */
  page_token?: string;
  /** Only these languages (ISO 639-1, two lower-case letters); none means all. At most 30. */
  languages?: Array<string>;
  /** Only entries of at least one of these genres, case ignored; none means all. At most 30. */
  genres?: Array<string>;
  /** Only from this year on, 0 to 3000; 0 or absent means no limit. */
  year_from?: number;
  /** Only up to this year, 0 to 3000; 0 or absent means no limit. */
  year_to?: number;
  /** Only titles (or original titles) that contain this text, case ignored; at most 200 characters. */
  title_contains?: string;
  /** The order of the list. */
  order?: CatalogOrder;
};

/** The request of GetBook. */
export type GetBookRequest = {
  /** The book's id, at least 1. */
  book_id: number;
};

/** The request of ListMyRatings. */
export type ListMyRatingsRequest = {
  /** Entries a page, 1 to 100; 0 or absent means 20. */
  page_size?: number;
  /** The `next_page_token` of the page before, with the same filter; empty for the first page. */
  page_token?: string;
  /** Only films or only books; not set means both. */
  item_type?: ItemType;
};

/** The request of DeleteRating. */
export type DeleteRatingRequest = {
  /** The rated item's id, at least 1. */
  item_id: number;
};

/** The request of ListPersonalized. */
export type ListPersonalizedRequest = {
  /** Recommendations a page, 1 to 100; 0 or absent means 20. */
  limit?: number;
  /** The `next_page_token` of the page before, with the same algorithm and filters; empty for the first page. */
  page_token?: string;
  /** How to recommend; not set means AUTO. */
  algorithm?: Algorithm;
  /** Only films or only books; not set means both. */
  item_type?: ItemType;
  /** Only these languages (ISO 639-1, two lower-case letters); none means all. At most 30. */
  languages?: Array<string>;
  /** Only items of at least one of these genres, case ignored; none means all. At most 30. */
  genres?: Array<string>;
  /** Only from this year on, 0 to 3000; 0 or absent means no limit. */
  year_from?: number;
  /** Only up to this year, 0 to 3000; 0 or absent means no limit. */
  year_to?: number;
};

/** The request of ListSimilar. */
export type ListSimilarRequest = {
  /** The item's type in the path: `movie` or `book`. */
  item_type: "movie" | "book";
  /** The item's id, at least 1. */
  item_id: number;
  /** Recommendations a page, 1 to 100; 0 or absent means 20. */
  limit?: number;
  /** The `next_page_token` of the page before, for the same item; empty for the first page. */
  page_token?: string;
  /** True lists films and books together, false only items of the same type. */
  across_types?: boolean;
};

/** The request of ListPopular. */
export type ListPopularRequest = {
  /** Recommendations a page, 1 to 100; 0 or absent means 20. */
  limit?: number;
  /** The `next_page_token` of the page before, with the same filters; empty for the first page. */
  page_token?: string;
  /** The ratings to look at; not set means all time. */
  window?: PopularWindow;
  /** Only films or only books; not set means both. */
  item_type?: ItemType;
  /** Only these languages (ISO 639-1, two lower-case letters); none means all. At most 30. */
  languages?: Array<string>;
  /** Only items of at least one of these genres, case ignored; none means all. At most 30. */
  genres?: Array<string>;
  /** Only from this year on, 0 to 3000; 0 or absent means no limit. */
  year_from?: number;
  /** Only up to this year, 0 to 3000; 0 or absent means no limit. */
  year_to?: number;
};

/** The request of SemanticSearch. */
export type SemanticSearchRequest = {
  /**
   * The query in natural language, 1 to 10,000 characters, not only white space.
   *
   * Rule: must hold 1 to 10,000 characters, not only white space.
   */
  q: string;
  /** Hits a page, 1 to 100; 0 or absent means 20. */
  limit?: number;
  /** The `next_page_token` of the page before, with the same query and filters; empty for the first page. */
  page_token?: string;
  /** Only films or only books; not set means both. */
  item_type?: ItemType;
  /** Only these languages (ISO 639-1, two lower-case letters); none means all. At most 30. */
  languages?: Array<string>;
  /** Only items of at least one of these genres, case ignored; none means all. At most 30. */
  genres?: Array<string>;
  /** Only from this year on, 0 to 3000; 0 or absent means no limit. */
  year_from?: number;
  /** Only up to this year, 0 to 3000; 0 or absent means no limit. */
  year_to?: number;
  /** Only items by or with at least one of these people: directors, cast or authors, in any spelling or script. At most 10. */
  people?: Array<string>;
  /** Only items that are rated this well on average, 0.5 to 5 stars; 0 or absent means no limit. */
  min_stars?: number;
};

/** The request of Suggest. */
export type SuggestRequest = {
  /**
   * The beginning of a title or of a word in it, in any script, 1 to 200 characters, not only white space.
   *
   * Rule: must hold 1 to 200 characters, not only white space.
   */
  q: string;
  /** How many, 1 to 20; 0 or absent means 8. */
  limit?: number;
  /** Only films or only books; not set means both. */
  item_type?: ItemType;
};

export const operations = {
  CreateMovie: { name: "CreateMovie", verb: "POST", path: "/admin/movies", body: true, idempotent: false, answer: "json" },
  CreateBook: { name: "CreateBook", verb: "POST", path: "/admin/books", body: true, idempotent: false, answer: "json" },
  UpdateMovie: { name: "UpdateMovie", verb: "PATCH", path: "/admin/movies/{movie_id}", body: true, idempotent: true, answer: "json" },
  UpdateBook: { name: "UpdateBook", verb: "PATCH", path: "/admin/books/{book_id}", body: true, idempotent: true, answer: "json" },
  HideItem: { name: "HideItem", verb: "DELETE", path: "/admin/items/{item_id}", body: false, idempotent: true, answer: "json" },
  UnhideItem: { name: "UnhideItem", verb: "POST", path: "/admin/items/{item_id}/unhide", body: false, idempotent: true, answer: "json" },
  ListAuditEntries: { name: "ListAuditEntries", verb: "GET", path: "/admin/audit", body: false, idempotent: true, answer: "json" },
  Register: { name: "Register", verb: "POST", path: "/auth/register", body: true, idempotent: false, answer: "json" },
  Login: { name: "Login", verb: "POST", path: "/auth/login", body: true, idempotent: false, answer: "json" },
  GetMe: { name: "GetMe", verb: "GET", path: "/auth/me", body: false, idempotent: true, answer: "json" },
  UpdateMe: { name: "UpdateMe", verb: "PATCH", path: "/auth/me", body: true, idempotent: true, answer: "json" },
  DeleteMe: { name: "DeleteMe", verb: "DELETE", path: "/auth/me", body: false, idempotent: true, answer: "json" },
  RefreshToken: { name: "RefreshToken", verb: "POST", path: "/auth/refresh", body: true, idempotent: false, answer: "json" },
  Logout: { name: "Logout", verb: "POST", path: "/auth/logout", body: true, idempotent: true, answer: "json" },
  ChangePassword: { name: "ChangePassword", verb: "POST", path: "/auth/password", body: true, idempotent: false, answer: "json" },
  ExportMyData: { name: "ExportMyData", verb: "GET", path: "/auth/me/export", body: false, idempotent: true, answer: "text" },
  ListMovies: { name: "ListMovies", verb: "GET", path: "/movies", body: false, idempotent: true, answer: "json" },
  GetMovie: { name: "GetMovie", verb: "GET", path: "/movies/{movie_id}", body: false, idempotent: true, answer: "json" },
  ListBooks: { name: "ListBooks", verb: "GET", path: "/books", body: false, idempotent: true, answer: "json" },
  GetBook: { name: "GetBook", verb: "GET", path: "/books/{book_id}", body: false, idempotent: true, answer: "json" },
  RateItem: { name: "RateItem", verb: "POST", path: "/ratings", body: true, idempotent: true, answer: "json" },
  ListMyRatings: { name: "ListMyRatings", verb: "GET", path: "/ratings/my", body: false, idempotent: true, answer: "json" },
  DeleteRating: { name: "DeleteRating", verb: "DELETE", path: "/ratings/{item_id}", body: false, idempotent: true, answer: "json" },
  ImportRatingsFile: { name: "ImportRatingsFile", verb: "POST", path: "/ratings/import", body: true, idempotent: true, answer: "json" },
  RecordInteraction: { name: "RecordInteraction", verb: "POST", path: "/interactions", body: true, idempotent: false, answer: "json" },
  ListPersonalized: { name: "ListPersonalized", verb: "GET", path: "/recommendations/personalized", body: false, idempotent: true, answer: "json" },
  ListSimilar: { name: "ListSimilar", verb: "GET", path: "/recommendations/similar/{item_type}/{item_id}", body: false, idempotent: true, answer: "json" },
  ListPopular: { name: "ListPopular", verb: "GET", path: "/recommendations/popular", body: false, idempotent: true, answer: "json" },
  SemanticSearch: { name: "SemanticSearch", verb: "GET", path: "/search/semantic", body: false, idempotent: true, answer: "json" },
  Suggest: { name: "Suggest", verb: "GET", path: "/search/suggest", body: false, idempotent: true, answer: "json" },
  GetHealth: { name: "GetHealth", verb: "GET", path: "/", body: false, idempotent: true, answer: "json" },
  GetDocs: { name: "GetDocs", verb: "GET", path: "/docs", body: false, idempotent: true, answer: "text" },
  GetOpenApi: { name: "GetOpenApi", verb: "GET", path: "/openapi.json", body: false, idempotent: true, answer: "json" },
} as const satisfies Record<string, Operation>;

/** One method for each RPC. The transport is in client.ts. */
export abstract class Rpcs {
  /** Makes a call and returns its answer. */
  protected abstract call<Answer>(
    operation: Operation,
    request: object,
    options?: CallOptions,
  ): Promise<Answer>;

  /** Makes a call whose answer is a stream. */
  protected abstract stream<Item>(
    operation: Operation,
    request: object,
    options?: CallOptions,
  ): AsyncGenerator<Item>;

  /** The entries of all pages of a list, `field` by `field`. */
  protected abstract entries<Entry>(
    operation: Operation,
    field: string,
    request: object,
    options?: CallOptions,
  ): AsyncGenerator<Entry>;

  /** Adds a film and returns it with its id. Search finds it in the very next call. */
  createMovie(request: CreateMovieRequest, options?: CallOptions): Promise<CreateMovieResponse> {
    return this.call(operations.CreateMovie, request, options);
  }

  /** Adds a book and returns it with its id. Search finds it in the very next call. */
  createBook(request: CreateBookRequest, options?: CallOptions): Promise<CreateBookResponse> {
    return this.call(operations.CreateBook, request, options);
  }

  /** Changes the fields of a film that the mask names, and returns the film; hidden films can be changed, too. Search knows the new text in the very next call. No import and no later starter catalogue overwrites a field that was changed here. */
  updateMovie(request: UpdateMovieRequest, options?: CallOptions): Promise<UpdateMovieResponse> {
    return this.call(operations.UpdateMovie, request, options);
  }

  /** Changes the fields of a book that the mask names, and returns the book; hidden books can be changed, too. Search knows the new text in the very next call. No import and no later starter catalogue overwrites a field that was changed here. */
  updateBook(request: UpdateBookRequest, options?: CallOptions): Promise<UpdateBookResponse> {
    return this.call(operations.UpdateBook, request, options);
  }

  /** Hides a film or book: it is not found, listed, searched, recommended or rated any more. Ratings that it has stay with those who gave them, and go on to count for their taste. Hiding what is hidden does nothing. */
  hideItem(request: HideItemRequest, options?: CallOptions): Promise<HideItemResponse> {
    return this.call(operations.HideItem, request, options);
  }

  /** Shows a hidden film or book again, everywhere. Showing what is not hidden does nothing. */
  unhideItem(request: UnhideItemRequest, options?: CallOptions): Promise<UnhideItemResponse> {
    return this.call(operations.UnhideItem, request, options);
  }

  /** Lists what admins changed, the latest first, of one item or of all. Pages are stable while entries are added. */
  listAuditEntries(request: ListAuditEntriesRequest = {}, options?: CallOptions): Promise<ListAuditEntriesResponse> {
    return this.call(operations.ListAuditEntries, request, options);
  }

  /** All entries of listAuditEntries: gets page after page as they are read. */
  listAuditEntriesAll(request: ListAuditEntriesRequest = {}, options?: CallOptions): AsyncGenerator<AuditEntry> {
    return this.entries(operations.ListAuditEntries, "entries", request, options);
  }

  /** Creates an account and signs it in. Emails are compared without regard to case. */
  register(request: RegisterRequest, options?: CallOptions): Promise<RegisterResponse> {
    return this.call(operations.Register, request, options);
  }

  /** Signs a user in and starts a new session; other sessions go on. */
  login(request: LoginRequest, options?: CallOptions): Promise<LoginResponse> {
    return this.call(operations.Login, request, options);
  }

  /** Returns the signed-in user. */
  getMe(options?: CallOptions): Promise<GetMeResponse> {
    return this.call(operations.GetMe, {}, options);
  }

  /** Changes the fields of the signed-in user that the mask names and returns the user. Only `name` can be changed. */
  updateMe(request: UpdateMeRequest, options?: CallOptions): Promise<UpdateMeResponse> {
    return this.call(operations.UpdateMe, request, options);
  }

  /** Deletes the account with all its ratings, interactions and sessions. It can't be undone: ExportMyData first. */
  deleteMe(options?: CallOptions): Promise<DeleteMeResponse> {
    return this.call(operations.DeleteMe, {}, options);
  }

  /** Exchanges a refresh token for a new pair of tokens of the same session. Each refresh token works once. */
  refreshToken(request: RefreshTokenRequest, options?: CallOptions): Promise<RefreshTokenResponse> {
    return this.call(operations.RefreshToken, request, options);
  }

  /** Ends the session of the access token, or all sessions of the user; their tokens stop working at once. */
  logout(request: LogoutRequest = {}, options?: CallOptions): Promise<LogoutResponse> {
    return this.call(operations.Logout, request, options);
  }

  /** Sets a new password, ends every session of the user and starts a new one, whose tokens are returned. */
  changePassword(request: ChangePasswordRequest, options?: CallOptions): Promise<ChangePasswordResponse> {
    return this.call(operations.ChangePassword, request, options);
  }

  /** Streams everything that is stored about the signed-in user: the account, sessions, ratings and interactions, then one `end` record with their counts. A stream without `end` was cut off: ask again. */
  exportMyData(options?: CallOptions): AsyncGenerator<ExportMyDataResponse> {
    return this.stream(operations.ExportMyData, {}, options);
  }

  /** Lists films, oldest catalogue entry first unless `order` says otherwise; filters are combined with AND. Pages are stable: a film added meanwhile never makes another appear twice. */
  listMovies(request: ListMoviesRequest = {}, options?: CallOptions): Promise<ListMoviesResponse> {
    return this.call(operations.ListMovies, request, options);
  }

  /** All entries of listMovies: gets page after page as they are read. */
  listMoviesAll(request: ListMoviesRequest = {}, options?: CallOptions): AsyncGenerator<Movie> {
    return this.entries(operations.ListMovies, "movies", request, options);
  }

  /** Returns one film by its id. */
  getMovie(request: GetMovieRequest, options?: CallOptions): Promise<GetMovieResponse> {
    return this.call(operations.GetMovie, request, options);
  }

  /** Lists books, oldest catalogue entry first unless `order` says otherwise; filters are combined with AND. Pages are stable: a book added meanwhile never makes another appear twice. */
  listBooks(request: ListBooksRequest = {}, options?: CallOptions): Promise<ListBooksResponse> {
    return this.call(operations.ListBooks, request, options);
  }

  /** All entries of listBooks: gets page after page as they are read. */
  listBooksAll(request: ListBooksRequest = {}, options?: CallOptions): AsyncGenerator<Book> {
    return this.entries(operations.ListBooks, "books", request, options);
  }

  /** Returns one book by its id. */
  getBook(request: GetBookRequest, options?: CallOptions): Promise<GetBookResponse> {
    return this.call(operations.GetBook, request, options);
  }

  /** Rates a film or book, or changes the rating it has; one rating a user and item, however many calls meet. The very next ListPersonalized counts it. */
  rateItem(request: RateItemRequest, options?: CallOptions): Promise<RateItemResponse> {
    return this.call(operations.RateItem, request, options);
  }

  /** Lists the caller's ratings, the latest first, each with its item, which may be hidden by now. */
  listMyRatings(request: ListMyRatingsRequest = {}, options?: CallOptions): Promise<ListMyRatingsResponse> {
    return this.call(operations.ListMyRatings, request, options);
  }

  /** All entries of listMyRatings: gets page after page as they are read. */
  listMyRatingsAll(request: ListMyRatingsRequest = {}, options?: CallOptions): AsyncGenerator<RatedItem> {
    return this.entries(operations.ListMyRatings, "ratings", request, options);
  }

  /** Takes the caller's rating of an item back. */
  deleteRating(request: DeleteRatingRequest, options?: CallOptions): Promise<DeleteRatingResponse> {
    return this.call(operations.DeleteRating, request, options);
  }

  /** Imports the caller's ratings as ImportMyRatings does, from a file of up to 1,000,000 bytes in one message. In JSON `text` is the file's text and `content` its bytes in base64, and the whole body has at most 1 MiB. */
  importRatingsFile(request: ImportRatingsFileRequest = {}, options?: CallOptions): Promise<ImportRatingsFileResponse> {
    return this.call(operations.ImportRatingsFile, request, options);
  }

  /** Records that the caller viewed or clicked an item, or searched. Views and clicks need `item_id`, searches `query`; a click on a search result may carry the query and the position too. */
  recordInteraction(request: RecordInteractionRequest, options?: CallOptions): Promise<RecordInteractionResponse> {
    return this.call(operations.RecordInteraction, request, options);
  }

  /** Recommends items the caller has not rated. AUTO is the hybrid: with a trained model, item-item weights, matrix factors, predicted stars and popularity in proportions learned from the ratings; before the first training, collaborative filtering for users with 3 ratings or more and popular items for others. Content similarity fills up. `algorithm` in the response says which led. A rating counts in the very next call; a rated item never comes back. */
  listPersonalized(request: ListPersonalizedRequest = {}, options?: CallOptions): Promise<ListPersonalizedResponse> {
    return this.call(operations.ListPersonalized, request, options);
  }

  /** All entries of listPersonalized: gets page after page as they are read. */
  listPersonalizedAll(request: ListPersonalizedRequest = {}, options?: CallOptions): AsyncGenerator<Recommendation> {
    return this.entries(operations.ListPersonalized, "recommendations", request, options);
  }

  /** Lists the items nearest in meaning to an item, by cosine similarity of their embeddings; the item itself is left out. Only items of the same type unless `across_types` is set. A signed-in caller also gets `predicted_stars`. */
  listSimilar(request: ListSimilarRequest, options?: CallOptions): Promise<ListSimilarResponse> {
    return this.call(operations.ListSimilar, request, options);
  }

  /** All entries of listSimilar: gets page after page as they are read. */
  listSimilarAll(request: ListSimilarRequest, options?: CallOptions): AsyncGenerator<Recommendation> {
    return this.entries(operations.ListSimilar, "recommendations", request, options);
  }

  /** Lists the best rated items with at least 5 ratings in the window, by damped mean, so that one 5-star vote never tops the list. While nothing has 5 ratings yet, catalogue entries are listed instead and say so in their reason. The list may be two seconds old. A signed-in caller also gets `predicted_stars`. */
  listPopular(request: ListPopularRequest = {}, options?: CallOptions): Promise<ListPopularResponse> {
    return this.call(operations.ListPopular, request, options);
  }

  /** All entries of listPopular: gets page after page as they are read. */
  listPopularAll(request: ListPopularRequest = {}, options?: CallOptions): AsyncGenerator<Recommendation> {
    return this.entries(operations.ListPopular, "recommendations", request, options);
  }

  /** Finds films and books by what the caller remembers of them: a story told in English or in any language of India, in its script or in Latin letters, a title in any script or spelling, with typos or in part, people as in "films by Satyajit Ray", or a wish as in "Tamil thrillers from the 90s" and "films like Sholay". What a query wishes is preferred; filters are strict. At most some hundreds of hits a query, over all its pages, the best first. */
  semanticSearch(request: SemanticSearchRequest, options?: CallOptions): Promise<SemanticSearchResponse> {
    return this.call(operations.SemanticSearch, request, options);
  }

  /** All entries of semanticSearch: gets page after page as they are read. */
  semanticSearchAll(request: SemanticSearchRequest, options?: CallOptions): AsyncGenerator<SearchHit> {
    return this.entries(operations.SemanticSearch, "hits", request, options);
  }

  /** Completes a title while it is typed, in any script or spelling: titles with a word that begins with what was typed, the most rated first, then titles that are spelled nearly so. */
  suggest(request: SuggestRequest, options?: CallOptions): Promise<SuggestResponse> {
    return this.call(operations.Suggest, request, options);
  }

  /** Says whether the server can answer, and what it runs. It answers also while parts are down: read `status`. */
  getHealth(options?: CallOptions): Promise<GetHealthResponse> {
    return this.call(operations.GetHealth, {}, options);
  }

  /** Returns the API reference as a web page that needs nothing from the internet. */
  getDocs(options?: CallOptions): Promise<string> {
    return this.call(operations.GetDocs, {}, options);
  }

  /** Returns the OpenAPI 3.1 description of the JSON API. */
  getOpenApi(options?: CallOptions): Promise<unknown> {
    return this.call(operations.GetOpenApi, {}, options);
  }
}
