BEGIN TRANSACTION;
CREATE TABLE access_audit (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	at DATETIME NOT NULL,
	deed VARCHAR(16) NOT NULL,
	outcome VARCHAR(16) NOT NULL,
	who VARCHAR(300) NOT NULL,
	kind VARCHAR(16) NOT NULL,
	through VARCHAR(100) NOT NULL,
	action VARCHAR(64) NOT NULL,
	what VARCHAR(600) NOT NULL,
	code VARCHAR(64) NOT NULL,
	request VARCHAR(64) NOT NULL,
	address VARCHAR(64) NOT NULL
);
INSERT INTO "access_audit" VALUES(1,'2026-12-01 05:36:09.214822','sign-in','done','user:default/local','loopback','session:1ec7f846','','link','','7438a0c2dc97cd57','127.0.0.1');
INSERT INTO "access_audit" VALUES(2,'2026-12-01 05:36:20.589182','change','done','user:default/local','loopback','terminal','callboard.admin.change','token 4663ce4d9895 made for pipeline','','','');
CREATE TABLE access_sessions (
	digest VARCHAR(64) NOT NULL,
	id VARCHAR(16) NOT NULL,
	place VARCHAR(300) NOT NULL,
	host VARCHAR(100) NOT NULL,
	kind VARCHAR(16) NOT NULL,
	subject VARCHAR(300) NOT NULL,
	began DATETIME NOT NULL,
	seen DATETIME NOT NULL,
	ends DATETIME NOT NULL, way VARCHAR(100) DEFAULT '' NOT NULL, issuer VARCHAR(300) DEFAULT '' NOT NULL, account VARCHAR(255) DEFAULT '' NOT NULL, claims TEXT DEFAULT '{}' NOT NULL, sealed TEXT DEFAULT '' NOT NULL, confirm DATETIME, asked DATETIME,
	PRIMARY KEY (digest)
);
INSERT INTO "access_sessions" VALUES('a439e5a3b114bcee8012fcc14c210591b603f9eb04973636c2e29ee1e2c2eae9','1ec7f846','127.0.0.1:17432','cb-e69db6c04634bd56673050b4','loopback','user:default/local','2026-12-01 05:36:09.214498','2026-12-01 05:36:09.214498','2026-12-01 13:36:09.214498','','','','{}','',NULL,NULL);
CREATE TABLE access_tokens (
	id VARCHAR(16) NOT NULL,
	digest VARCHAR(64) NOT NULL,
	service VARCHAR(100) NOT NULL,
	may VARCHAR(1000) NOT NULL,
	made DATETIME NOT NULL,
	ends DATETIME NOT NULL,
	used DATETIME,
	revoked DATETIME,
	PRIMARY KEY (id)
);
INSERT INTO "access_tokens" VALUES('4663ce4d9895','7587a081635842f1301e33c4421fec943f37749be346a1fb01ddd0922a67a4a0','pipeline','catalog.entity.read','2026-12-01 05:36:20.584403','2027-12-01 05:36:19.918899',NULL,NULL);
CREATE TABLE access_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT access_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "access_version" VALUES('0004');
CREATE TABLE catalog_entities (
	id INTEGER NOT NULL,
	ref VARCHAR(300) NOT NULL,
	kind VARCHAR(63) NOT NULL,
	namespace VARCHAR(63) NOT NULL,
	name VARCHAR(63) NOT NULL,
	title TEXT NOT NULL,
	name_key VARCHAR(63) NOT NULL,
	sort_key VARCHAR(200) NOT NULL,
	uid VARCHAR(36) NOT NULL,
	etag VARCHAR(40) NOT NULL,
	source TEXT NOT NULL,
	via TEXT NOT NULL,
	origin TEXT NOT NULL,
	broken BOOLEAN NOT NULL,
	document TEXT NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (ref),
	UNIQUE (uid)
);
INSERT INTO "catalog_entities" VALUES(7,'component:default/dice-roller','Component','default','dice-roller','','dice-roller','dice-roller','97eba8b1-cfae-5a08-98bd-62befa37bea1','e9d663c14d004ef390d51ed79437d6e03206cbd3','file:/srv/bakery/catalog-info.yaml','file:/srv/bakery/catalog-info*.y*ml','file:/srv/bakery/catalog-info*.y*ml',0,'{"apiVersion":"backstage.io/v1alpha1","kind":"Component","metadata":{"name":"dice-roller","annotations":{"backstage.io/managed-by-location":"file:/srv/bakery/catalog-info.yaml","backstage.io/managed-by-origin-location":"file:/srv/bakery/catalog-info*.y*ml","backstage.io/kubernetes-id":"dice-roller"},"namespace":"default","uid":"97eba8b1-cfae-5a08-98bd-62befa37bea1","etag":"e9d663c14d004ef390d51ed79437d6e03206cbd3"},"spec":{"type":"service","lifecycle":"production","owner":"bakers"},"relations":[{"type":"ownedBy","targetRef":"group:default/bakers"}]}');
CREATE TABLE catalog_problems (
	position INTEGER NOT NULL,
	message TEXT NOT NULL,
	place TEXT NOT NULL,
	line INTEGER,
	path TEXT NOT NULL,
	found TEXT NOT NULL,
	expected TEXT NOT NULL,
	hint TEXT NOT NULL,
	PRIMARY KEY (position)
);
CREATE TABLE catalog_relations (
	entity_id INTEGER NOT NULL,
	type VARCHAR(63) NOT NULL,
	target_ref VARCHAR(300) NOT NULL,
	PRIMARY KEY (entity_id, type, target_ref),
	FOREIGN KEY(entity_id) REFERENCES catalog_entities (id) ON DELETE CASCADE
);
INSERT INTO "catalog_relations" VALUES(7,'ownedBy','group:default/bakers');
CREATE TABLE catalog_search (
	entity_id INTEGER NOT NULL,
	"key" VARCHAR(200) NOT NULL,
	value VARCHAR(200),
	original_value VARCHAR(200),
	FOREIGN KEY(entity_id) REFERENCES catalog_entities (id) ON DELETE CASCADE
);
INSERT INTO "catalog_search" VALUES(7,'apiversion','backstage.io/v1alpha1','backstage.io/v1alpha1');
INSERT INTO "catalog_search" VALUES(7,'kind','component','Component');
INSERT INTO "catalog_search" VALUES(7,'metadata.annotations.backstage.io/managed-by-location','file:/srv/bakery/catalog-info.yaml','file:/srv/bakery/catalog-info.yaml');
INSERT INTO "catalog_search" VALUES(7,'metadata.annotations.backstage.io/managed-by-origin-location','file:/srv/bakery/catalog-info*.y*ml','file:/srv/bakery/catalog-info*.y*ml');
INSERT INTO "catalog_search" VALUES(7,'metadata.annotations.backstage.io/kubernetes-id','dice-roller','dice-roller');
INSERT INTO "catalog_search" VALUES(7,'spec.type','service','service');
INSERT INTO "catalog_search" VALUES(7,'spec.lifecycle','production','production');
INSERT INTO "catalog_search" VALUES(7,'spec.owner','bakers','bakers');
INSERT INTO "catalog_search" VALUES(7,'metadata.name','dice-roller','dice-roller');
INSERT INTO "catalog_search" VALUES(7,'metadata.namespace','default','default');
INSERT INTO "catalog_search" VALUES(7,'metadata.uid','97eba8b1-cfae-5a08-98bd-62befa37bea1','97eba8b1-cfae-5a08-98bd-62befa37bea1');
INSERT INTO "catalog_search" VALUES(7,'relations.ownedby','group:default/bakers','group:default/bakers');
CREATE TABLE catalog_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT catalog_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "catalog_version" VALUES('0001');
CREATE TABLE catalog_words (
	word VARCHAR(64) NOT NULL,
	entity_id INTEGER NOT NULL,
	PRIMARY KEY (word, entity_id),
	FOREIGN KEY(entity_id) REFERENCES catalog_entities (id) ON DELETE CASCADE
);
INSERT INTO "catalog_words" VALUES('dice',7);
INSERT INTO "catalog_words" VALUES('bakers',7);
INSERT INTO "catalog_words" VALUES('roller',7);
CREATE TABLE history_verdicts (
	ref VARCHAR(300) NOT NULL,
	visibility VARCHAR(64) NOT NULL,
	health VARCHAR(16) NOT NULL,
	sentence TEXT NOT NULL,
	since DATETIME NOT NULL,
	as_of DATETIME NOT NULL,
	PRIMARY KEY (ref, visibility)
);
INSERT INTO "history_verdicts" VALUES('component:default/dice-roller','2303fb88ec9f6a9b64d85da0bffc3dabfeb09f22d25ca47c0db9f2db18bd6054','healthy','Healthy in all 2 clusters.','2026-12-01 05:36:07.973703','2026-12-01 05:36:07.973703');
CREATE TABLE history_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT history_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "history_version" VALUES('0001');
CREATE INDEX catalog_entities_sort_key ON catalog_entities (sort_key, ref);
CREATE INDEX catalog_entities_name_key ON catalog_entities (name_key, ref);
CREATE INDEX catalog_entities_source ON catalog_entities (source);
CREATE INDEX catalog_entities_via ON catalog_entities (via);
CREATE INDEX catalog_relations_target ON catalog_relations (type, target_ref, entity_id);
CREATE INDEX catalog_search_value ON catalog_search ("key", value, entity_id);
CREATE INDEX catalog_search_entity ON catalog_search (entity_id, "key", value);
CREATE INDEX catalog_words_entity ON catalog_words (entity_id);
CREATE INDEX history_verdicts_as_of ON history_verdicts (as_of);
CREATE INDEX access_sessions_id ON access_sessions (id);
CREATE INDEX access_sessions_subject ON access_sessions (subject);
CREATE INDEX access_audit_at ON access_audit (at);
CREATE INDEX access_audit_who ON access_audit (who, number);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('access_audit',2);
COMMIT;
